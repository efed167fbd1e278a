package wire

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// jsonKeys returns the keys of a struct in JSON, quoted.
func jsonKeys(v any) []string {
	var keys []string
	for _, field := range reflect.VisibleFields(reflect.TypeOf(v)) {
		key, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		keys = append(keys, fmt.Sprintf("%q", key))
	}
	return keys
}

func TestSpecReplies(t *testing.T) {
	for _, body := range []any{ProcessStatus{}, EndReply{}, ProgressReply{}, ErrorReply{}, StageReply{}, RestoreReply{}, VoteReply{}} {
		if want := "`{" + strings.Join(jsonKeys(body), ", ") + "}`"; !strings.Contains(spec(t), want) {
			t.Errorf("SPEC.md: got no %T %s, want it", body, want)
		}
	}
}

func TestSpecRequests(t *testing.T) {
	var got, want []string
	for _, row := range table(t, "### Requests", "| type | role | fields | data | end |") {
		got = append(got, row[0]+" "+row[1]+" "+row[2])
	}
	for _, request := range []Control{InitiateRequest{}, StatusRequest{}, CallRequest{}, RestoreRequest{}, ResumeRequest{}} {
		fields := strings.ReplaceAll(strings.Join(jsonKeys(request), ", "), `"`, "`")
		want = append(want, fmt.Sprintf("`%s` %s %s", request.kind(), Needs(request), fields))
	}
	if !slices.Equal(got, want) {
		t.Errorf("SPEC.md: got the requests %q, want %q", got, want)
	}
	example := regexp.MustCompile("For example, `(.*?)`").FindStringSubmatch(spec(t))
	if example == nil {
		t.Fatal("SPEC.md: got no example of a request, want one")
	}
	request, err := DecodeControl([]byte(example[1]))
	if _, ok := request.(InitiateRequest); err != nil || !ok {
		t.Errorf("SPEC.md: %s: got %#v, %v, want an InitiateRequest", example[1], request, err)
	}
}

func TestSpecErrorCodes(t *testing.T) {
	var got []string
	for _, row := range table(t, "### Requests", "| error code | meaning |") {
		got = append(got, strings.Trim(row[0], "`"))
	}
	if want := []string{CodeBadRequest, CodeUnreachable, CodeLimit, CodeNoEpoch, CodeForbidden, CodeNotRestored, CodeNotHeld}; !slices.Equal(got, want) {
		t.Errorf("SPEC.md: got the error codes %q, want %q", got, want)
	}
}
