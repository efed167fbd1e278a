// Package bench measures chandy on this machine, side by side with the least that
// a program without it would do: a plain framed stream, a bare skeleton of a
// snapshot. Every figure is the median of several runs, and ours and the
// reference take turns, so that a ratio means something on a busy machine.
//
// A benchmark is a value of type Benchmark; [Benchmarks] lists them. One file for
// each subject.
package bench
