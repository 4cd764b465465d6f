package wire

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func frame(size uint32, kind Kind, payload []byte) []byte {
	b := binary.LittleEndian.AppendUint32(nil, size)
	return append(append(b, byte(kind)), payload...)
}

func TestFramesArriveAsTheyWereSent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type sent struct {
			Kind    Kind
			Payload string // cmp compares strings whole, bytes one by one
		}
		var want, got []sent
		var b bytes.Buffer
		w := NewWriter(&b)
		for range rapid.IntRange(0, 8).Draw(t, "frames") {
			k := Kind(rapid.IntRange(1, 6).Draw(t, "kind"))
			p := make([]byte, rapid.SampledFrom([]int{0, 1, 5, 4096, 64 << 10, 64<<10 + 1, 200_000}).Draw(t, "size"))
			for i := range p {
				p[i] = byte(i * 7)
			}
			if err := w.Bytes(k, p); err != nil {
				t.Fatal(err)
			}
			want = append(want, sent{k, string(p)})
		}
		var in io.Reader = &b
		if rapid.Bool().Draw(t, "halves") {
			in = iotest.HalfReader(in)
		}
		r := NewReader(in)
		for {
			f, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			got = append(got, sent{f.Kind, string(f.Payload)})
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
	})
}

func TestBadFramesAreRefused(t *testing.T) {
	for _, x := range []struct {
		name string
		in   []byte
		want error
	}{
		{"nothing", nil, io.EOF},
		{"part of a head", []byte{1, 0}, io.ErrUnexpectedEOF},
		{"head only", frame(4, KindData, nil), io.ErrUnexpectedEOF},
		{"cut payload", frame(4, KindData, []byte("abc")), io.ErrUnexpectedEOF},
		{"kind 0", frame(0, 0, nil), ErrKind},
		{"kind 8", frame(0, 8, nil), ErrKind},
		{"kind 255", frame(0, 255, nil), ErrKind},
		{"JSON too long", frame(MaxJSON+1, KindRequest, nil), ErrTooLong},
		{"the longest data", frame(MaxData, KindData, make([]byte, MaxData)), nil},
		{"data too long", frame(MaxData+1, KindData, nil), ErrTooLong},
		{"want with a payload", frame(1, KindWant, []byte("x")), ErrTooLong},
		{"length of four gigabytes", frame(0xffffffff, KindReply, nil), ErrTooLong},
	} {
		t.Run(x.name, func(t *testing.T) {
			if _, err := NewReader(bytes.NewReader(x.in)).Next(); !errors.Is(err, x.want) {
				t.Errorf("got %v, want %v", err, x.want)
			}
		})
	}
}

func TestALengthAloneTakesNoMemory(t *testing.T) {
	r := NewReader(bytes.NewReader(frame(MaxJSON, KindRequest, []byte("{"))))
	if _, err := r.Next(); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatal(err)
	}
	if cap(r.buf) > 64<<10 {
		t.Errorf("%d bytes were taken for one byte that came", cap(r.buf))
	}
}

func TestWriterRefusesWhatAReaderWould(t *testing.T) {
	w := NewWriter(io.Discard)
	if err := w.Bytes(KindData, make([]byte, MaxData+1)); !errors.Is(err, ErrTooLong) {
		t.Error(err)
	}
	if err := w.Bytes(99, nil); !errors.Is(err, ErrKind) {
		t.Error(err)
	}
	if err := w.JSON(KindReply, func() {}); err == nil {
		t.Error("a function went over the wire")
	}
}

func TestWritersDoNotTearFrames(t *testing.T) {
	var b bytes.Buffer
	w := NewWriter(&b)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 50 {
				if err := w.Bytes(KindData, bytes.Repeat([]byte{byte(i)}, 100+i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	r, n := NewReader(&b), 0
	for ; ; n++ {
		f, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if i := f.Payload[0]; !bytes.Equal(f.Payload, bytes.Repeat([]byte{i}, 100+int(i))) {
			t.Fatal("torn frame")
		}
	}
	if n != 400 {
		t.Errorf("%d frames, want 400", n)
	}
}

func TestStreamCutsIntoDataFrames(t *testing.T) {
	var b bytes.Buffer
	in := bytes.Repeat([]byte("state"), MaxData/2)
	if n, err := NewWriter(&b).Stream().Write(in); err != nil || n != len(in) {
		t.Fatal(n, err)
	}
	var got []byte
	for r := NewReader(&b); ; {
		f, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil || f.Kind != KindData {
			t.Fatal(f.Kind, err)
		}
		got = append(got, f.Payload...)
	}
	if !bytes.Equal(in, got) {
		t.Error("the stream changed on its way")
	}
}

func TestBuildIDIsStable(t *testing.T) {
	a, err := BuildID()
	if err != nil {
		t.Fatal(err)
	}
	if b, _ := BuildID(); a != b || len(a) != 24 {
		t.Errorf("%q then %q", a, b)
	}
}

// FuzzReader feeds the Reader anything: it must end, bounded, and what it accepts must survive being written again.
func FuzzReader(f *testing.F) {
	f.Add([]byte{})
	f.Add(frame(2, KindHello, []byte("{}")))
	f.Add(append(frame(0, KindWant, nil), frame(3, KindData, []byte("abc"))...))
	f.Add(frame(0xffffffff, KindData, nil))
	f.Fuzz(func(t *testing.T, in []byte) {
		r := NewReader(bytes.NewReader(in))
		var out bytes.Buffer
		w := NewWriter(&out)
		for {
			f, err := r.Next()
			if err != nil {
				break
			}
			if err := w.Bytes(f.Kind, f.Payload); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.HasPrefix(in, out.Bytes()) {
			t.Error("frames changed on their way")
		}
	})
}

// FuzzMessages decodes payloads as every message: no panic, and what decodes also encodes.
func FuzzMessages(f *testing.F) {
	f.Add([]byte(`{"id":1,"op":"open","body":{"path":"x"}}`))
	f.Add([]byte(`{"build":"a","engine":"fake","confinement":{"landlock_abi":7,"seccomp":true}}`))
	f.Add([]byte(`{"type":"token","body":null}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		for _, v := range []any{&Hello{}, &Request{}, &Cancel{}, &Reply{}, &Event{}, &Tokenize{}, &Devices{}} {
			if (Frame{KindRequest, in}).Decode(v) != nil {
				continue
			}
			if _, err := json.Marshal(v); err != nil {
				t.Errorf("%T: %v", v, err)
			}
		}
	})
}
