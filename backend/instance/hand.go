package instance

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"time"
)

const (
	// answerWithin bounds every step of handing over, on both sides.
	answerWithin = 5 * time.Second
	// handMax bounds what one start can hand over, in bytes of JSON.
	handMax = 1 << 20
	// accepted is the answer of the holder.
	accepted = "ok\n"
)

// handed is the one message of the protocol: a line of JSON, answered by accepted.
type handed struct {
	Version int      `json:"version"`
	Paths   []string `json:"paths"`
}

// Serve passes the files of later starts to f, one start at a time, until Unlock; a start without files means "show the
// window" and comes as an empty list. Serve returns at once; f runs on a goroutine of the Lock and must not call Unlock.
func (l *Lock) Serve(f func(paths []string)) {
	if l.listener == nil {
		return
	}
	l.serving.Go(func() {
		for l.ended.Err() == nil {
			conn, err := l.listener.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err != nil {
				// Out of file descriptors, or the like: try again, but not in a tight loop.
				select {
				case <-l.ended.Done():
				case <-time.After(100 * time.Millisecond):
				}
				continue
			}
			if paths, err := l.receive(conn); err == nil {
				f(paths)
			}
		}
	})
}

// receive reads one message, answers it and closes the connection. Unlock does not wait for a silent one.
func (l *Lock) receive(conn net.Conn) (_ []string, err error) {
	interrupt := context.AfterFunc(l.ended, func() { conn.SetDeadline(time.Now()) }) //nolint:errcheck // it is being closed
	defer func() {
		interrupt()
		err = errors.Join(err, conn.Close())
	}()
	if err := conn.SetDeadline(time.Now().Add(answerWithin)); err != nil {
		return nil, err
	}
	paths, err := readHanded(conn)
	if err != nil {
		return nil, err
	}
	_, err = io.WriteString(conn, accepted)
	return paths, err
}

// readHanded reads a message of at most handMax bytes. Paths that are not absolute are refused: the two processes may
// stand in different folders.
func readHanded(r io.Reader) ([]string, error) {
	line, err := bufio.NewReader(io.LimitReader(r, handMax)).ReadBytes('\n')
	if err != nil {
		return nil, fmt.Errorf("read handed files: %w", err)
	}
	var h handed
	if err := json.Unmarshal(line, &h); err != nil {
		return nil, fmt.Errorf("read handed files: %w", err)
	}
	if h.Version != 1 {
		return nil, fmt.Errorf("read handed files: version %d", h.Version)
	}
	for _, path := range h.Paths {
		if !filepath.IsAbs(path) {
			return nil, fmt.Errorf("read handed files: %q is not absolute", path)
		}
	}
	return h.Paths, nil
}

// Hand gives files to the process that holds the lock of dir; with no paths it asks that process to show its window. It
// returns when the holder has taken them.
func Hand(ctx context.Context, dir string, paths []string) (err error) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	defer func() {
		if err != nil {
			err = fmt.Errorf("hand files to the running Loam: %w", err)
		}
	}()
	h := handed{Version: 1}
	for _, path := range paths {
		abs, err := filepath.Abs(path)
		if err != nil {
			return err
		}
		h.Paths = append(h.Paths, abs)
	}
	message, err := json.Marshal(h)
	if err != nil {
		return err
	}
	if len(message) >= handMax {
		return fmt.Errorf("%d files are too many at once", len(paths))
	}
	holder, err := holderOf(dir)
	if err != nil {
		return err
	}
	conn, err := dial(ctx, holder.Socket)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return err
		}
	}
	letForward(holder.PID)
	if _, err := conn.Write(append(message, '\n')); err != nil {
		return err
	}
	answer := make([]byte, len(accepted))
	if _, err := io.ReadFull(conn, answer); err != nil {
		return err
	}
	if string(answer) != accepted {
		return fmt.Errorf("unexpected answer %q", answer)
	}
	return nil
}

// holderOf reads where the holder of dir listens.
func holderOf(dir string) (address, error) {
	content, err := os.ReadFile(filepath.Join(dir, addressName))
	if err != nil {
		return address{}, err
	}
	var a address
	if err := json.Unmarshal(content, &a); err != nil {
		return address{}, fmt.Errorf("read %s: %w", addressName, err)
	}
	if a.Socket == "" {
		return address{}, errors.New("it does not listen")
	}
	return a, nil
}
