package bench

import (
	"context"
	"errors"
	"slices"
	"testing"
)

func TestQuantileTakesTheUpperOfTwo(t *testing.T) {
	for _, c := range []struct {
		values []float64
		q      float64
		want   float64
	}{
		{[]float64{7}, 0, 7},
		{[]float64{7}, 1, 7},
		{[]float64{3, 1, 2}, 0.5, 2},
		{[]float64{4, 1, 3, 2}, 0.5, 3}, // the upper one of two
		{[]float64{5, 4, 3, 2, 1}, 0.25, 2},
		{[]float64{5, 4, 3, 2, 1}, 0.99, 5},
		{[]float64{5, 4, 3, 2, 1}, 1, 5},
	} {
		given := slices.Clone(c.values)
		if got := quantile(c.values, c.q); got != c.want {
			t.Errorf("quantile %v of %v: got %v, want %v", c.q, c.values, got, c.want)
		}
		if !slices.Equal(c.values, given) {
			t.Errorf("argument afterwards: got %v, want %v unchanged", c.values, given)
		}
	}
}

// given returns a sample that returns one row after the other. Each call appends the
// name to order.
func given(order *[]string, name string, rows ...[]float64) sample {
	return func(context.Context) ([]float64, error) {
		*order = append(*order, name)
		row := rows[0]
		rows = rows[1:]
		return row, nil
	}
}

func TestCompareAlternates(t *testing.T) {
	var order []string
	o := &Options{Runs: 3, Progress: func(string) {}}
	figures := []figure{{"a", "ms"}, {"b", "MiB/s"}}
	results, err := compare(t.Context(), o, figures,
		given(&order, "ours", []float64{9, 1}, []float64{6, 3}, []float64{1, 2}),
		given(&order, "theirs", []float64{3, 0}, []float64{2, 0}, []float64{4, 0}))
	if err != nil {
		t.Fatal(err)
	}
	want := []Result{
		{Name: "a", Value: 6, Unit: "ms", Reference: 3, Ratio: 2, Runs: 3},
		{Name: "b", Value: 2, Unit: "MiB/s", Runs: 3}, // no ratio to 0
	}
	if !slices.Equal(results, want) {
		t.Errorf("results: got %+v, want %+v", results, want)
	}
	if turns := []string{"ours", "theirs", "ours", "theirs", "ours", "theirs"}; !slices.Equal(order, turns) {
		t.Errorf("order: got %v, want %v", order, turns)
	}
}

func TestCompareReturnsTheErrorOfASample(t *testing.T) {
	broken := errors.New("broken")
	o := &Options{Runs: 3, Progress: func(string) {}}
	var order []string
	good := given(&order, "good", []float64{1})
	bad := func(context.Context) ([]float64, error) { return nil, broken }
	if _, err := compare(t.Context(), o, []figure{{"a", "ms"}}, bad, nil); !errors.Is(err, broken) {
		t.Errorf("chandy's side: got %v, want %v", err, broken)
	}
	_, err := compare(t.Context(), o, []figure{{"a", "ms"}}, good, bad)
	if want := "reference: broken"; err == nil || err.Error() != want {
		t.Errorf("reference: got %v, want %s", err, want)
	}
}
