package verify

// keepNames keeps in the report which processes and channels the document names.
func (c *checker) keepNames() {
	for id := range c.processes {
		c.report.processes = append(c.report.processes, id)
	}
	for id := range c.missing.processes {
		c.report.processes = append(c.report.processes, id)
	}
	for _, ch := range c.channels {
		c.report.channels = append(c.report.channels, ch.from+"->"+ch.to)
	}
}

// Compare compares the snapshot with the cluster of which it is said to be. It adds a fault
// for another name, and for each process and each channel that only one of the two has. A
// channel is written "p1->p2". The certificate of a snapshot proves nothing about a channel
// that is left out.
func (r *Report) Compare(cluster string, processes, channels []string) {
	if r.Cluster != cluster {
		r.add(Fault{What: "cluster: is " + quote(r.Cluster) + ", but the cluster file is of " + quote(cluster)})
	}
	r.compare(r.processes, processes)
	r.compare(r.channels, channels)
}

func (r *Report) compare(got, want []string) {
	has := map[string]bool{}
	for _, name := range got {
		has[name] = true
	}
	known := map[string]bool{}
	for _, name := range want {
		known[name] = true
		if !has[name] {
			r.add(Fault{Where: name, What: "is left out: it is in the cluster file"})
		}
	}
	for _, name := range got {
		if !known[name] {
			r.add(Fault{Where: name, What: "is not in the cluster file"})
		}
	}
}

func (r *Report) add(f Fault) {
	if len(r.Faults) <= faultsMax {
		r.Faults = append(r.Faults, f)
	}
}
