package store

import "os"

// systemFile is a temporary file that asks the system early to write to the disk what it has
// in memory. The system would wait for Sync, which took 350 ms of the 1.4 s of a part of
// 768 MiB (ext4, two cores with other work). It takes 10 ms with this, and the writes take no
// longer.
type systemFile struct {
	*os.File
	written, begun int64 // bytes; those before begun are on their way to the disk
}

const writebackEach = 8 << 20 // bytes

func (f *systemFile) Write(b []byte) (int, error) {
	n, err := f.File.Write(b)
	f.written += int64(n)
	if f.written-f.begun >= writebackEach {
		beginWriteback(f.File, f.begun, f.written-f.begun)
		f.begun = f.written
	}
	return n, err
}
