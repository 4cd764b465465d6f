package fetch

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"sync"
)

// pieceBytes is the unit in which a file is fetched and noted: what is lost at most, per connection, when a line breaks.
const pieceBytes = 256 << 10

// recordBytes is one record of a journal: the piece's number, the checksum of its bytes, and one of the record.
const recordBytes = 12

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// storage is an open file; *os.File is one. Tests put disks of their own here.
type storage interface {
	io.ReaderAt
	io.WriterAt
	Sync() error
	Truncate(size int64) error
	Close() error
}

// opener opens a file for reading and writing, and makes it where there is none.
type opener func(path string) (storage, error)

func openFile(path string) (storage, error) { return os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) }

// part is a file that is being fetched: its bytes, and the journal of the pieces that are on disk. The rule that makes a
// power cut harmless: a piece stands in the journal only after its bytes were synced. Its methods may be called from any
// goroutine.
type part struct {
	data, journal storage
	size          int64
	head          []byte // of the journal

	mu      sync.Mutex
	pieces  []piece
	fresh   []int // written since the last commit
	noted   int64 // bytes of the journal
	done    int64 // bytes written
	safe    int64 // bytes that a power cut leaves
	arrived chan struct{}
	resets  int
	turn    sync.Mutex // one commit or reset at a time
}

// piece is what is known of one piece.
type piece struct {
	done, claimed bool
	sum           uint32
}

// identity is what a journal is of; one of another file is worth nothing.
type identity struct {
	Format    int    `json:"format"`
	SizeBytes int64  `json:"size"`
	SHA256    string `json:"sha256,omitempty"`
	GitSHA1   string `json:"git,omitempty"`
	Piece     int    `json:"piece"`
}

// openPart opens what there is of a file. A journal of another file, or one that cannot be read, means that there is nothing.
func openPart(open opener, path string, id identity) (*part, error) {
	id.Format, id.Piece = 1, pieceBytes
	head, err := json.Marshal(id)
	if err != nil {
		return nil, err
	}
	p := &part{size: id.SizeBytes, head: append(head, '\n'), arrived: make(chan struct{})}
	p.pieces = make([]piece, (id.SizeBytes+pieceBytes-1)/pieceBytes)
	if p.data, err = open(path); err != nil {
		return nil, err
	}
	if p.journal, err = open(path + ".journal"); err != nil {
		return nil, errors.Join(err, p.data.Close())
	}
	if !p.read() {
		if err := p.begin(); err != nil {
			return nil, errors.Join(err, p.data.Close(), p.journal.Close())
		}
	}
	return p, nil
}

// begin writes an empty journal.
func (p *part) begin() error {
	clear(p.pieces)
	p.fresh, p.done, p.safe = nil, 0, 0
	if err := p.journal.Truncate(0); err != nil {
		return fmt.Errorf("begin the journal: %w", err)
	}
	if _, err := p.journal.WriteAt(p.head, 0); err != nil {
		return fmt.Errorf("begin the journal: %w", err)
	}
	p.noted = int64(len(p.head))
	return p.journal.Sync()
}

// read takes over what a journal says; false where it is not of this file. A record that was cut off ends it.
func (p *part) read() bool {
	r := bufio.NewReader(io.NewSectionReader(p.journal, 0, 1<<40))
	head := make([]byte, len(p.head))
	if _, err := io.ReadFull(r, head); err != nil || string(head) != string(p.head) {
		return false
	}
	p.noted = int64(len(head))
	var record [recordBytes]byte
	for {
		if _, err := io.ReadFull(r, record[:]); err != nil {
			return true
		}
		i := binary.LittleEndian.Uint32(record[0:])
		if crc32.Checksum(record[:8], castagnoli) != binary.LittleEndian.Uint32(record[8:]) || int(i) >= len(p.pieces) {
			return true
		}
		if !p.pieces[i].done {
			p.done += p.bytesOf(int(i))
		}
		p.pieces[i].done, p.pieces[i].sum = true, binary.LittleEndian.Uint32(record[4:])
		p.noted += recordBytes
		p.safe = p.done
	}
}

// bytesOf is the size of a piece: only the last one may be shorter.
func (p *part) bytesOf(i int) int64 { return min(pieceBytes, p.size-int64(i)*pieceBytes) }

// has says whether a piece is written.
func (p *part) has(i int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pieces[i].done
}

// put writes a piece. A piece that is there already is left alone.
func (p *part) put(i int, b []byte) error {
	if p.has(i) {
		return nil
	}
	if _, err := p.data.WriteAt(b, int64(i)*pieceBytes); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pieces[i].done {
		return nil
	}
	p.pieces[i].done, p.pieces[i].sum = true, crc32.Checksum(b, castagnoli)
	p.fresh = append(p.fresh, i)
	p.done += int64(len(b))
	close(p.arrived)
	p.arrived = make(chan struct{})
	return nil
}

// claim takes up to most neighbouring pieces that nobody has or fetches; ok is false when there are none.
func (p *part) claim(most int) (first, n int, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.pieces {
		if p.pieces[i].done || p.pieces[i].claimed {
			continue
		}
		for n = 0; i+n < len(p.pieces) && n < most && !p.pieces[i+n].done && !p.pieces[i+n].claimed; n++ {
			p.pieces[i+n].claimed = true
		}
		return i, n, true
	}
	return 0, 0, false
}

// release gives back what was claimed.
func (p *part) release(first, n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := first; i < min(first+n, len(p.pieces)); i++ {
		p.pieces[i].claimed = false
	}
}

// missing is how many pieces are not written.
func (p *part) missing() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for i := range p.pieces {
		if !p.pieces[i].done {
			n++
		}
	}
	return n
}

// far is how many bytes are written, and how many of them a power cut would leave.
func (p *part) far() (done, safe int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.done, p.safe
}

// commit makes what was written so far survive: bytes first, then their records.
func (p *part) commit() error {
	p.turn.Lock()
	defer p.turn.Unlock()
	p.mu.Lock()
	fresh := p.fresh
	p.fresh = nil
	records := make([]byte, 0, len(fresh)*recordBytes)
	for _, i := range fresh {
		records = binary.LittleEndian.AppendUint32(records, uint32(i))
		records = binary.LittleEndian.AppendUint32(records, p.pieces[i].sum)
		records = binary.LittleEndian.AppendUint32(records, crc32.Checksum(records[len(records)-8:], castagnoli))
	}
	at := p.noted
	p.mu.Unlock()
	if len(fresh) == 0 {
		return nil
	}
	undo := func(err error) error { // they are written, only not safe: the next commit tries again
		p.mu.Lock()
		p.fresh = append(fresh, p.fresh...)
		p.mu.Unlock()
		return err
	}
	if err := p.data.Sync(); err != nil {
		return undo(err)
	}
	if _, err := p.journal.WriteAt(records, at); err != nil {
		return undo(err)
	}
	if err := p.journal.Sync(); err != nil {
		return undo(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.noted = at + int64(len(records))
	for _, i := range fresh {
		p.safe += p.bytesOf(i)
	}
	return nil
}

// reset forgets everything: the file on the server is another one now.
func (p *part) reset() error {
	p.turn.Lock()
	defer p.turn.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.resets++
	return p.begin()
}

// generation counts the resets: what was computed before one is void.
func (p *part) generation() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.resets
}

// await gives the channel that is closed when the next piece arrives.
func (p *part) await() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.arrived
}

// load reads a piece back into buf.
func (p *part) load(i int, buf []byte) ([]byte, error) {
	b := buf[:p.bytesOf(i)]
	_, err := p.data.ReadAt(b, int64(i)*pieceBytes)
	if errors.Is(err, io.EOF) && int64(i)*pieceBytes+int64(len(b)) == p.size {
		err = nil // a ReaderAt may say so with the last bytes
	}
	return b, err
}

// damaged forgets the pieces whose bytes on disk are not those that were written, and says how many there were. The journal
// is written anew.
func (p *part) damaged() (int, error) {
	buf := make([]byte, pieceBytes)
	var bad []int
	for i := range p.pieces {
		b, err := p.load(i, buf)
		p.mu.Lock()
		wrong := p.pieces[i].done && (err != nil || crc32.Checksum(b, castagnoli) != p.pieces[i].sum)
		p.mu.Unlock()
		if wrong {
			bad = append(bad, i)
		}
	}
	if len(bad) == 0 {
		return 0, nil
	}
	p.turn.Lock()
	p.mu.Lock()
	keep := make([]piece, len(p.pieces))
	copy(keep, p.pieces)
	for _, i := range bad {
		keep[i] = piece{}
	}
	err := p.begin()
	if err == nil {
		for i := range keep {
			keep[i].claimed = false
			if keep[i].done {
				p.fresh = append(p.fresh, i)
				p.done += p.bytesOf(i)
			}
		}
		p.pieces = keep
		p.resets++
	}
	p.mu.Unlock()
	p.turn.Unlock()
	return len(bad), errors.Join(err, p.commit())
}

// close closes the files; what was not committed is fetched again.
func (p *part) close() error { return errors.Join(p.data.Close(), p.journal.Close()) }
