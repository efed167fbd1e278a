package wire_test

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"time"

	"chandy/snapshot"
	"chandy/wire"
)

// Append encodes frames, and a Reader decodes them from any stream.
func Example() {
	batch := snapshot.Batch{First: 7}
	batch.Append([]byte(`"tea"`))
	batch.Append([]byte(`"coffee"`))

	var stream []byte
	stream = wire.Append(stream, wire.Data{Stamp: 1, Batch: batch})
	stream = wire.Append(stream, wire.Marker{
		Ordinal: 2, Snapshot: "s1", Assembler: "p1", TimeLeft: time.Second, Sent: 8, Acked: 6,
	})

	reader := wire.NewReader(bytes.NewReader(stream), wire.FrameMax)
	for {
		frame, err := reader.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(frame)
		if data, ok := frame.(wire.Data); ok {
			for seq, payload := range data.Batch.All() {
				fmt.Printf("  %d: %s\n", seq, payload)
			}
		}
	}
	// Output:
	// data 7-8 (15 bytes)
	//   7: "tea"
	//   8: "coffee"
	// marker 2 of s1 (assembler p1, 1s left, sent 8, acked 6)
}

// A frame that was changed on its way is a violation. Violations are the peer's fault;
// after any other error the connection broke.
func ExampleReader_Read_checksum() {
	frame := wire.Append(nil, wire.Ack{Position: wire.Position{Arrived: 3, Received: 2, Credit: 1 << 20}})
	frame[len(frame)-1] ^= 1
	_, err := wire.NewReader(bytes.NewReader(frame), wire.FrameMax).Read()
	fmt.Println(err)
	// Output: protocol violation: ack frame: checksum does not match
}
