// Package rawconn reads and writes TCP connections with raw system calls while they are
// busy. A [Conn] is used like any [net.Conn]; [New], [Conn.Read] and [Conn.TryWrite] are
// all of it.
//
// The Go scheduler takes the processor away from a goroutine whose system call lasts
// longer than about 20 µs, and starts another thread for the goroutines that wait. A
// large transfer lasts longer than that although it never blocks, because the kernel
// copies. Then a thread is woken in vain, and the goroutine that made the call must
// queue when it returns. A raw system call is one that the scheduler does not notice.
// This saves a third of the processor time of a message of 1 KiB between two
// operating-system processes, and a fifth of one of 16 KiB. It makes the channel 1.5 and
// 1.4 times as fast. With messages of 16 B it makes no difference (chandy bench --only
// channel, in turns with plain calls on two cores).
//
// The price: the garbage collector cannot stop the world while a raw call lasts. So a
// call transfers at most 512 KiB. A connection that is not busy makes plain calls: a
// scheduler that notices no calls lets its monitor thread sleep, and on an otherwise
// idle machine the next wake-up then takes several times as long. Plain calls also serve
// where a connection is no file descriptor of the operating system, on other systems
// than Linux, and under the race detector.
package rawconn
