package instance

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// pipeBuffer is how much a side of the pipe holds for the other, in bytes. Longer messages wait for their reader.
const pipeBuffer = 4096

// pipeListener listens at a named pipe. A pipe's instance serves one connection; one that waits is there at all times, since the
// name ends with the last instance.
type pipeListener struct {
	name     string
	security *windows.SecurityAttributes
	closing  windows.Handle // an event, set by Close

	accepting sync.Mutex     // held by Accept, and by Close once it has ended that
	next      windows.Handle // the instance that waits; 0 once closed
	// The system writes into it while it waits, so it may not lie on a stack, which can move.
	waiting windows.Overlapped
}

// listen opens a named pipe that this user's programs alone can reach, and none of another computer. Its name cannot be guessed,
// so that nobody can be there first; who may read the data folder learns it from the address file.
func listen(string) (net.Listener, string, error) {
	user, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return nil, "", fmt.Errorf("find out whose process this is: %w", err)
	}
	// Protected, so that nothing is inherited; one entry, which allows everything to the user.
	descriptor, err := windows.SecurityDescriptorFromString("D:P(A;;GA;;;" + user.User.Sid.String() + ")")
	if err != nil {
		return nil, "", fmt.Errorf("describe who may reach the pipe: %w", err)
	}
	l := &pipeListener{name: `\\.\pipe\loam-` + rand.Text()}
	l.security = &windows.SecurityAttributes{Length: uint32(unsafe.Sizeof(windows.SecurityAttributes{})), SecurityDescriptor: descriptor}
	if l.next, err = l.instance(windows.FILE_FLAG_FIRST_PIPE_INSTANCE); err != nil {
		return nil, "", err
	}
	if l.closing, err = windows.CreateEvent(nil, 1, 0, nil); err != nil {
		return nil, "", errors.Join(os.NewSyscallError("CreateEvent", err), windows.CloseHandle(l.next))
	}
	return l, l.name, nil
}

// instance makes an instance of the pipe, which clients can open from then on.
func (l *pipeListener) instance(flag uint32) (windows.Handle, error) {
	name, err := windows.UTF16PtrFromString(l.name)
	if err != nil {
		return 0, err
	}
	h, err := windows.CreateNamedPipe(name, windows.PIPE_ACCESS_DUPLEX|windows.FILE_FLAG_OVERLAPPED|flag,
		windows.PIPE_TYPE_BYTE|windows.PIPE_REJECT_REMOTE_CLIENTS, windows.PIPE_UNLIMITED_INSTANCES, pipeBuffer, pipeBuffer, 0, l.security)
	return h, os.NewSyscallError("CreateNamedPipe", err)
}

// Accept waits for a client. net.ErrClosed: Close was called.
func (l *pipeListener) Accept() (net.Conn, error) {
	l.accepting.Lock()
	defer l.accepting.Unlock()
	if l.next == 0 {
		return nil, net.ErrClosed
	}
	if err := l.connect(l.next); err != nil {
		return nil, err
	}
	next, err := l.instance(0)
	if err != nil {
		// The client goes without an answer, and the instance waits for another one.
		return nil, errors.Join(err, os.NewSyscallError("DisconnectNamedPipe", windows.DisconnectNamedPipe(l.next)))
	}
	conn := pipeConn{os.NewFile(uintptr(l.next), l.name), pipeAddr(l.name)}
	l.next = next
	return conn, nil
}

// connect waits until a client has opened the instance h, or for Close.
func (l *pipeListener) connect(h windows.Handle) error {
	event, err := windows.CreateEvent(nil, 1, 0, nil)
	if err != nil {
		return err
	}
	defer windows.CloseHandle(event) //nolint:errcheck // nothing was written by it
	l.waiting = windows.Overlapped{HEvent: event}
	err = windows.ConnectNamedPipe(h, &l.waiting)
	if errors.Is(err, windows.ERROR_IO_PENDING) {
		_, err = windows.WaitForMultipleObjects([]windows.Handle{event, l.closing}, false, windows.INFINITE)
		if err == nil {
			// Does nothing to a connection that has come; whichever it is, the system is done with waiting after the next call.
			_ = windows.CancelIoEx(h, &l.waiting)
			var none uint32
			err = windows.GetOverlappedResult(h, &l.waiting, &none, true)
		}
	}
	switch {
	case errors.Is(err, windows.ERROR_PIPE_CONNECTED), errors.Is(err, windows.ERROR_NO_DATA): // the latter has left already
		return nil
	case errors.Is(err, windows.ERROR_OPERATION_ABORTED):
		return net.ErrClosed
	}
	return os.NewSyscallError("ConnectNamedPipe", err)
}

// Close ends Accept and gives the name free; connections stay.
func (l *pipeListener) Close() error {
	if err := windows.SetEvent(l.closing); err != nil {
		return os.NewSyscallError("SetEvent", err)
	}
	l.accepting.Lock()
	defer l.accepting.Unlock()
	if l.next == 0 {
		return net.ErrClosed
	}
	err := errors.Join(windows.CloseHandle(l.next), windows.CloseHandle(l.closing))
	l.next, l.closing = 0, 0
	return err
}

// Addr is the pipe's name.
func (l *pipeListener) Addr() net.Addr { return pipeAddr(l.name) }

// dial reaches the holder that listens at the pipe. The holder may know which pipe's other side this is, not act as its user.
func dial(ctx context.Context, pipe string) (net.Conn, error) {
	name, err := windows.UTF16PtrFromString(pipe)
	if err != nil {
		return nil, err
	}
	for {
		h, err := windows.CreateFile(name, windows.GENERIC_READ|windows.GENERIC_WRITE, 0, nil, windows.OPEN_EXISTING,
			windows.FILE_FLAG_OVERLAPPED|windows.SECURITY_SQOS_PRESENT|windows.SECURITY_ANONYMOUS, 0)
		if err == nil {
			return pipeConn{os.NewFile(uintptr(h), pipe), pipeAddr(pipe)}, nil
		}
		if !errors.Is(err, windows.ERROR_PIPE_BUSY) {
			return nil, &os.PathError{Op: "open", Path: pipe, Err: err}
		}
		// The holder is between two clients.
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// pipeConn is one side of a pipe; its handle is one for overlapped access, so that deadlines work.
type pipeConn struct {
	*os.File
	addr pipeAddr
}

func (c pipeConn) LocalAddr() net.Addr  { return c.addr }
func (c pipeConn) RemoteAddr() net.Addr { return c.addr }

type pipeAddr string

func (pipeAddr) Network() string  { return "pipe" }
func (a pipeAddr) String() string { return string(a) }

// letForward passes this process's right to come to the foreground on to the holder. Explorer gives that right to what it has just
// started, and Windows lets the running window only blink in the task bar without it.
func letForward(pid int) {
	allow := windows.NewLazySystemDLL("user32.dll").NewProc("AllowSetForegroundWindow")
	if allow.Find() == nil {
		_, _, _ = allow.Call(uintptr(pid)) // refused to a process that has no such right; the window blinks then
	}
}
