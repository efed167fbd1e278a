package store

// For tests outside the package, which wrap the file system.
type (
	Disk       = disk
	TempFile   = tempFile
	SystemDisk = systemDisk
)

// FolderOn returns the objects in a folder on a disk with faults.
func FolderOn(path string, d Disk) Objects { return &folder{path, d} }

const WritebackEach = writebackEach
