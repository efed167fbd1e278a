package journal

import (
	"fmt"
	"strings"
	"testing"

	"chandy/snapshot"
)

func BenchmarkMessage(b *testing.B) {
	for _, payload := range []string{
		strings.Repeat("x", 128),
		`{"type":"transfer","amount":3,"memo":"` + strings.Repeat("x", 88) + `"}`,
		`{"src":"p1","dest":"p2","body":{"msg_id":7,"type":"transfer","amount":3,"memo":"` + strings.Repeat("x", 46) + `"}}`,
		`{"memo":"` + strings.Repeat("x", 1000) + `","type":"t"}`,
	} {
		b.Run(fmt.Sprintf("%.8s", payload), func(b *testing.B) {
			r := NewRing(4096)
			text := []byte(payload)
			for i := range b.N {
				r.Message(snapshot.EventSent, 7, 1, uint64(i), text)
			}
		})
	}
}
