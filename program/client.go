package program

import (
	"fmt"
	"slices"
	"strconv"

	"chandy/snapshot"
)

// ClientID returns the id of client n of process self, counted from 0. Client n of
// process i among N processes is c<n*N+i+1>, so no two clients of a cluster share an
// id, and c0 is never a client. The ids in processes must be sorted and contain self.
func ClientID(processes []snapshot.ProcessID, self snapshot.ProcessID, n int) snapshot.ProcessID {
	i := slices.Index(processes, self)
	return snapshot.ProcessID(fmt.Sprintf("c%d", n*len(processes)+i+1))
}

// ClientOf returns the process to which a client is connected. The ids in processes
// must be sorted. It returns false if client is not an id that [ClientID] makes.
func ClientOf(processes []snapshot.ProcessID, client snapshot.ProcessID) (snapshot.ProcessID, bool) {
	if !client.IsClient() {
		return "", false
	}
	n, err := strconv.ParseUint(string(client[1:]), 10, 63)
	if err != nil || n == 0 || client[1] == '0' {
		return "", false
	}
	return processes[(n-1)%uint64(len(processes))], true
}
