// Command terminal runs a command on a pseudo-terminal and drives it by a script, because kubectl's -t asks for a real terminal:
//
//	terminal --size 80x24 --expect '# ' --send 'stty size\n' --resize 132x43 --send 'exit\n' -- kubectl exec -it POD -- sh
//
// Steps run in the order given. All output goes to stdout; the exit code is the command's, 128+n after a signal, 124 when a step or the
// end did not come in time. Linux only, nothing but the standard library.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

const timeoutCode = 124

type step struct{ kind, value string }

// screen keeps what the command printed; taken is how much of it earlier expectations have used up.
type screen struct {
	lock    sync.Mutex
	changed *sync.Cond
	output  []byte
	taken   int
	over    bool
}

func main() {
	steps, size, timeout, command := parse(os.Args[1:])
	master, slave, err := openTerminal(size)
	check(err)
	child := exec.Command(command[0], command[1:]...)
	child.Stdin, child.Stdout, child.Stderr = slave, slave, slave
	child.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	check(child.Start())
	slave.Close()
	s := &screen{}
	s.changed = sync.NewCond(&s.lock)
	go s.read(master)
	deadline := time.AfterFunc(timeout, func() {
		fmt.Fprintf(os.Stderr, "terminal: not over after %s\n", timeout)
		child.Process.Kill()
		os.Exit(timeoutCode)
	})
	for _, one := range steps {
		if err := s.do(one, master); err != nil {
			fmt.Fprintln(os.Stderr, "terminal:", err)
		}
	}
	err = child.Wait()
	s.waitEnd()
	deadline.Stop()
	os.Exit(codeOf(child.ProcessState, err))
}

func parse(args []string) (steps []step, size string, timeout time.Duration, command []string) {
	size, timeout = "80x24", time.Minute
	for i := 0; i < len(args); i += 2 {
		if args[i] == "--" {
			command = args[i+1:]
			break
		}
		if i+1 == len(args) {
			check(fmt.Errorf("%s needs a value", args[i]))
		}
		value := args[i+1]
		var err error
		switch args[i] {
		case "--size":
			size = value
		case "--timeout":
			timeout, err = time.ParseDuration(value)
		case "--expect", "--resize":
			steps = append(steps, step{args[i][2:], value})
		case "--send":
			value, err = strconv.Unquote(`"` + strings.ReplaceAll(value, `"`, `\"`) + `"`)
			steps = append(steps, step{"send", value})
		default:
			err = fmt.Errorf("unknown option %s", args[i])
		}
		check(err)
	}
	if len(command) == 0 {
		check(errors.New("no command after --"))
	}
	return
}

func (s *screen) do(one step, master *os.File) error {
	switch one.kind {
	case "expect":
		return s.expect(one.value)
	case "resize":
		return setSize(master, one.value)
	default:
		_, err := master.WriteString(one.value)
		return err
	}
}

func (s *screen) expect(text string) error {
	s.lock.Lock()
	defer s.lock.Unlock()
	for {
		if at := bytes.Index(s.output[s.taken:], []byte(text)); at >= 0 {
			s.taken += at + len(text)
			return nil
		}
		if s.over {
			return fmt.Errorf("the command ended before it printed %q", text)
		}
		s.changed.Wait()
	}
}

// read ends with EIO when the last process on the terminal is gone.
func (s *screen) read(master *os.File) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := master.Read(buffer)
		os.Stdout.Write(buffer[:n])
		s.lock.Lock()
		s.output = append(s.output, buffer[:n]...)
		s.over = err != nil
		s.changed.Broadcast()
		s.lock.Unlock()
		if err != nil {
			return
		}
	}
}

func (s *screen) waitEnd() {
	s.lock.Lock()
	defer s.lock.Unlock()
	for !s.over {
		s.changed.Wait()
	}
}

func openTerminal(size string) (master, slave *os.File, err error) {
	if master, err = os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0); err != nil {
		return
	}
	var number, unlock int32
	if err = ioctl(master, syscall.TIOCSPTLCK, unsafe.Pointer(&unlock)); err != nil {
		return
	}
	if err = ioctl(master, syscall.TIOCGPTN, unsafe.Pointer(&number)); err != nil {
		return
	}
	if err = setSize(master, size); err != nil {
		return
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	return
}

// setSize takes COLUMNSxROWS; a change sends SIGWINCH to the command.
func setSize(master *os.File, size string) error {
	var columns, rows uint16
	if _, err := fmt.Sscanf(size, "%dx%d", &columns, &rows); err != nil {
		return fmt.Errorf("%q is no size: %w", size, err)
	}
	return ioctl(master, syscall.TIOCSWINSZ, unsafe.Pointer(&[4]uint16{rows, columns}))
}

func ioctl(file *os.File, request uintptr, value unsafe.Pointer) error {
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, file.Fd(), request, uintptr(value)); errno != 0 {
		return errno
	}
	return nil
}

func codeOf(state *os.ProcessState, err error) int {
	if state == nil {
		check(err)
	}
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return state.ExitCode()
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "terminal:", err)
		os.Exit(2)
	}
}
