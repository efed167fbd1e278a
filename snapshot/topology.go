package snapshot

import "slices"

// Topology is the fixed graph of processes and channels. It must not be modified
// after NewTopology, and is then safe for concurrent use.
type Topology struct {
	Processes []ProcessID               // sorted
	Channels  []Channel                 // sorted
	out, in   map[ProcessID][]ProcessID // peers of a process, sorted
}

// NewTopology takes the ids and the channels in any order, each once. Both ends of
// every channel must be among the ids.
func NewTopology(ids []ProcessID, channels []Channel) *Topology {
	t := &Topology{
		Processes: slices.Sorted(slices.Values(ids)),
		Channels:  slices.SortedFunc(slices.Values(channels), Channel.Compare),
		out:       map[ProcessID][]ProcessID{},
		in:        map[ProcessID][]ProcessID{},
	}
	for _, c := range t.Channels {
		t.out[c.From] = append(t.out[c.From], c.To)
		t.in[c.To] = append(t.in[c.To], c.From)
	}
	return t
}

// Has reports whether id is a process of the topology.
func (t *Topology) Has(id ProcessID) bool {
	_, ok := slices.BinarySearch(t.Processes, id)
	return ok
}

// Follow returns how many processes may record their state one after the other, each after
// a marker of the one before it, once id has recorded its state. That is the largest number
// of channels on a shortest path from id.
func (t *Topology) Follow(id ProcessID) int {
	seen := map[ProcessID]bool{id: true}
	last := []ProcessID{id}
	for follow := 0; ; follow++ {
		var next []ProcessID
		for _, from := range last {
			for _, to := range t.out[from] {
				if !seen[to] {
					seen[to] = true
					next = append(next, to)
				}
			}
		}
		if len(next) == 0 {
			return follow
		}
		last = next
	}
}

// Out lists the processes to which id has a channel, sorted.
func (t *Topology) Out(id ProcessID) []ProcessID { return t.out[id] }

// In lists the processes that have a channel to id, sorted.
func (t *Topology) In(id ProcessID) []ProcessID { return t.in[id] }

// Unreached lists the processes that no marker can reach if a snapshot starts at
// the given initiators.
func (t *Topology) Unreached(initiators ...ProcessID) []ProcessID {
	seen := map[ProcessID]bool{}
	t.walk(initiators, seen, t.out)
	return slices.DeleteFunc(slices.Clone(t.Processes), func(id ProcessID) bool { return seen[id] })
}

// Components lists the strongly connected components of the graph. The processes of
// each are sorted, and the components are sorted by their first process.
func (t *Topology) Components() [][]ProcessID {
	var all [][]ProcessID
	done := map[ProcessID]bool{}
	for _, id := range t.Processes {
		if done[id] {
			continue
		}
		down, up := map[ProcessID]bool{}, map[ProcessID]bool{}
		t.walk([]ProcessID{id}, down, t.out)
		t.walk([]ProcessID{id}, up, t.in)
		var one []ProcessID
		for _, other := range t.Processes {
			if down[other] && up[other] {
				one = append(one, other)
				done[other] = true
			}
		}
		all = append(all, one)
	}
	return all
}

// Sources lists the components that no channel enters from outside. A snapshot
// reaches every process if and only if it has an initiator in each of them.
func (t *Topology) Sources() [][]ProcessID {
	return slices.DeleteFunc(t.Components(), func(one []ProcessID) bool {
		return slices.ContainsFunc(one, func(id ProcessID) bool {
			return slices.ContainsFunc(t.in[id], func(from ProcessID) bool { return !slices.Contains(one, from) })
		})
	})
}

// Initiators returns the smallest set of initiators that reaches every process and
// contains first. It begins with first, and has the first process of every source
// that first does not belong to.
func (t *Topology) Initiators(first ProcessID) []ProcessID {
	set := []ProcessID{first}
	for _, one := range t.Sources() {
		if !slices.Contains(one, first) {
			set = append(set, one[0])
		}
	}
	return set
}

// walk adds to seen every process that can be reached from the given ones along the
// edges.
func (t *Topology) walk(from []ProcessID, seen map[ProcessID]bool, edges map[ProcessID][]ProcessID) {
	todo := slices.Clone(from)
	for len(todo) > 0 {
		id := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if !seen[id] {
			seen[id] = true
			todo = append(todo, edges[id]...)
		}
	}
}
