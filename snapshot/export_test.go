package snapshot

// RandomGlobal is for the tests of package snapshot_test.
var RandomGlobal = randomGlobal
