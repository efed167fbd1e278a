package sim

// RunRecoveries runs the random cluster of a seed, which recovers. One node crashes, or
// several, or all of them, at any moment and in the middle of recoveries and saves. Clients
// save, and sometimes restore at the same time. The network and the store fail as in
// [RunRestores].
//
// Processes are asked to stop too, and save first. In a quarter of the runs little else happens.
// Nothing may undo what was done before such a stop.
//
// Every program must run only where a commit lists its incarnation, and never in an epoch that
// is older than one of which its node has read. It must receive each message of its line of
// history exactly once. Every snapshot of which a client was told must have what the program
// conserves, and no recovery may undo it. Once faults end, all processes must soon run in the
// newest epoch of the store.
func RunRecoveries(seed uint64, story func(string)) (Result, error) {
	return perform(seed, withRecovery, story, func(r *runner) error {
		if r.random.IntN(4) == 0 {
			return r.troubled(8, r.actOfStops)
		}
		return r.troubled(20, r.actOfRecoveries)
	})
}
