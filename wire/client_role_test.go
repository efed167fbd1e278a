package wire

import "testing"

// unlisted is a request of a later version.
type unlisted struct{ Control }

// Each cell of the table: may a client of this role make this request?
func TestTheTableOfRoles(t *testing.T) {
	for role, want := range map[ClientRole][4]bool{ // status, initiate, call, any other
		ClientStatus:   {true, false, false, false},
		ClientSnapshot: {true, true, false, false},
		ClientCall:     {true, false, true, false},
		ClientAdmin:    {true, true, true, true},
		"":             {},
		"root":         {},
	} {
		for i, request := range []Control{StatusRequest{}, InitiateRequest{}, CallRequest{}, unlisted{}} {
			if got := role.Includes(Needs(request)); got != want[i] {
				t.Errorf("%q, %T: got %t, want %t", role, request, got, want[i])
			}
		}
	}
}
