package attach

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/debug"
	"time"

	"loam/backend"
)

// Arg is the hidden first argument of a child that reads one file.
const Arg = "loam-read-file"

// Limits of such a child.
const (
	readTime   = 60 * time.Second
	readMemory = 1 << 30
	maxAnswer  = 4 * MaxText // JSON of a Document
)

// Reader reads files: simple ones here, the others in a child of this program. The zero value reads all of them here.
type Reader struct {
	Exe  string   // the program; "" = no child
	Args []string // before Arg
	Env  []string
}

// Read says what a file says. It takes at most a minute.
func (r Reader) Read(ctx context.Context, name string, data []byte) (Document, error) {
	if r.Exe == "" || len(data) > MaxBytes || !hard(name, data) {
		return Read(name, data)
	}
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, r.Exe, append(append([]string(nil), r.Args...), Arg)...)
	cmd.Env = append(os.Environ(), r.Env...)
	cmd.Dir = os.TempDir()
	cmd.WaitDelay = time.Second
	head := binary.BigEndian.AppendUint32(nil, uint32(len(name)))
	cmd.Stdin = io.MultiReader(bytes.NewReader(head), bytes.NewReader([]byte(name)), bytes.NewReader(data))
	out := &bounded{limit: maxAnswer}
	cmd.Stdout = out
	err := cmd.Run()
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return Document{}, refuse("reading it takes longer than a minute")
	}
	if ctx.Err() != nil {
		return Document{}, ctx.Err()
	}
	var a answer
	if err != nil || out.full || json.Unmarshal(out.Bytes(), &a) != nil {
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			return Document{}, fmt.Errorf("read file: %w", err)
		}
		return Document{}, refuse("it is damaged, or needs more memory than reading a file may take")
	}
	if a.Refused != "" {
		return Document{}, refuse(a.Refused)
	}
	return a.Document, nil
}

// answer is what the child writes.
type answer struct {
	Document Document `json:"document"`
	Refused  string   `json:"refused,omitempty"`
}

// bounded keeps the first bytes that are written to it.
type bounded struct {
	bytes.Buffer
	limit int
	full  bool
}

// Write implements io.Writer.
func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > b.limit {
		b.full = true
		return 0, errors.New("too long")
	}
	return b.Buffer.Write(p)
}

// IsReader says whether args, all of os.Args, ask for a child that reads a file.
func IsReader(args []string) bool { return len(args) > 1 && args[len(args)-1] == Arg }

// Main is the child: it reads a name and a file from in and writes what it says to out. It returns the exit code.
func Main(in io.Reader, out io.Writer) int {
	limitMemory()
	debug.SetMemoryLimit(readMemory / 2)
	var n uint32
	if binary.Read(in, binary.BigEndian, &n) != nil || n > 4096 {
		return 2
	}
	name := make([]byte, n)
	if _, err := io.ReadFull(in, name); err != nil {
		return 2
	}
	data, err := io.ReadAll(io.LimitReader(in, MaxBytes+1))
	if err != nil {
		return 2
	}
	var a answer
	a.Document, err = Read(string(name), data)
	if bad, ok := errors.AsType[*backend.BadFile](err); ok {
		a.Refused = bad.Reason
	} else if err != nil {
		a.Refused = "it is damaged"
	}
	if json.NewEncoder(out).Encode(a) != nil {
		return 2
	}
	return 0
}
