// Package bench measures chandy on this machine, beside minimal implementations
// without it: a plain framed stream, a bare skeleton of a snapshot. Every figure is
// the median of several runs. The runs of chandy and of the reference alternate, so
// that load on the machine affects both and their ratio stays comparable.
//
// A benchmark is a value of type [Benchmark], and [Benchmarks] lists all of them.
// There is one file for each subject.
package bench
