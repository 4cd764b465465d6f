package enginetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"path/filepath"
	"testing"

	"loam/backend"
)

// Name is the fake's name as in backend.EngineInfo.Engine.
const Name = "fake"

// Model is the content of a model file of the fake engine. The zero value is an engine that works at full speed. In a
// file it is JSON; it may also lie anywhere in the first megabyte of another file, such as in a string of a GGUF header,
// and a GGUF file without one is a fake model with all defaults.
type Model struct {
	Context   int    `json:"context,omitempty"`   // tokens it was "trained" for; 0 = 4096
	Script    string `json:"script,omitempty"`    // what it says, whatever is asked, as far as sampling is concerned
	Length    int    `json:"length,omitempty"`    // tokens after which it says it is done; 0 = when it likes
	Endless   bool   `json:"endless,omitempty"`   // it never says it is done
	LoadMS    int    `json:"load_ms,omitempty"`   // milliseconds to load
	PromptMS  int    `json:"prompt_ms,omitempty"` // milliseconds per evaluation call of a prompt
	TokenMS   int    `json:"token_ms,omitempty"`  // milliseconds per token
	MemoryMB  int    `json:"memory_mb,omitempty"` // megabytes that it takes and touches
	Noise     bool   `json:"noise,omitempty"`     // it prints nonsense to stdout and stderr all the time
	Recurrent bool   `json:"recurrent,omitempty"` // it cannot drop the tail of its cache
	Faults    []Trap `json:"faults,omitempty"`    // what goes wrong
	Salt      int    `json:"salt,omitempty"`      // makes two models differ
	Recommend string `json:"recommend,omitempty"` // Info.RecommendText
	Format    string `json:"format,omitempty"`    // Info.NamedFormat; "" = "fake"
	NoFormat  bool   `json:"no_format,omitempty"` // no format is recognised: rendering gives a notice
	// Means are words that it takes for others when it embeds: "reimbursed": "refund".
	Means   map[string]string `json:"means,omitempty"`
	EmbedMS int               `json:"embed_ms,omitempty"` // milliseconds per text that it embeds
	Marker  int               `json:"loam_fake"`          // 1
}

// Trap is something that goes wrong.
type Trap struct {
	At    Place  `json:"at"`
	After int    `json:"after,omitempty"` // so many tokens or calls of this request went well before
	When  string `json:"when,omitempty"`  // only when the prompt's text contains this; "" = always
	Do    Mishap `json:"do"`
}

// Place is where a Trap lies.
type Place string

// The places of traps.
const (
	AtDevices  Place = "devices"
	AtLoad     Place = "load"
	AtRender   Place = "render"
	AtTokenize Place = "tokenize"
	AtPrompt   Place = "prompt"
	AtToken    Place = "token"
	AtSave     Place = "save"
	AtEmbed    Place = "embed" // n: texts since it was loaded
	AtIdle     Place = "idle"  // 50 ms after a reply, when nothing is asked
)

// Mishap is what a Trap does.
type Mishap string

// The mishaps.
const (
	DoHang    Mishap = "hang"    // ignores every cancel
	DoFreeze  Mishap = "freeze"  // stops the whole process (SIGSTOP)
	DoExit    Mishap = "exit"    // exit code 3, no word
	DoQuit    Mishap = "quit"    // exit code 0, no word
	DoAbort   Mishap = "abort"   // as an assertion of native code on a goroutine's thread
	DoPanic   Mishap = "panic"   //
	DoPointer Mishap = "pointer" // a wild read
	DoKill    Mishap = "kill"    // as if a person or the system had killed it
	DoMemory  Mishap = "memory"  // as a failed allocation of native code
	DoGPU     Mishap = "gpu"     // as a device that was lost
	DoCaught  Mishap = "caught"  // an abort that was turned into an error: *engine.Crashed
	DoError   Mishap = "error"   // a plain error
	DoBadFile Mishap = "badfile" // *backend.BadFile
)

// WriteModel writes a model file into dir and returns its path.
func WriteModel(tb testing.TB, dir string, m Model) string {
	tb.Helper()
	path := filepath.Join(dir, "model.fake")
	WriteModelTo(tb, path, m)
	return path
}

// WriteModelTo writes a model file, over one that is there.
func WriteModelTo(tb testing.TB, path string, m Model) {
	tb.Helper()
	m.Marker = 1
	b, err := json.Marshal(m)
	if err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		tb.Fatal(err)
	}
}

// readModel reads a model file and a fingerprint of what it says.
func readModel(path string) (Model, uint64, error) {
	bad := func(reason string) (Model, uint64, error) {
		return Model{}, 0, &backend.BadFile{Path: path, Reason: reason}
	}
	f, err := os.Open(path)
	if err != nil {
		return bad("it may not be read")
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, 1<<20))
	if err != nil {
		return bad("it cannot be read")
	}
	var m Model
	at := bytes.Index(b, []byte(`{"`))
	for ; at >= 0 && m.Marker != 1; at = next(b, at) {
		m = Model{}
		if json.NewDecoder(bytes.NewReader(b[at:])).Decode(&m) != nil {
			m = Model{}
		}
	}
	if m.Marker != 1 {
		if !bytes.HasPrefix(b, []byte("GGUF")) {
			return bad("it is not a model of the fake engine")
		}
		m = Model{Marker: 1}
	}
	if m.Context < 0 || m.Context > 1<<20 {
		return bad("its context length makes no sense")
	}
	if m.Context == 0 {
		m.Context = 4096
	}
	said, _ := json.Marshal(m) // it was decoded from JSON a moment ago
	h := fnv.New64a()
	h.Write(said)
	return m, h.Sum64(), nil
}

func next(b []byte, at int) int {
	i := bytes.Index(b[at+1:], []byte(`{"`))
	if i < 0 {
		return -1
	}
	return at + 1 + i
}

func (m Model) check() error {
	for _, t := range m.Faults {
		switch t.At {
		case AtDevices, AtLoad, AtRender, AtTokenize, AtPrompt, AtToken, AtSave, AtEmbed, AtIdle:
		default:
			return fmt.Errorf("no place %q", t.At)
		}
	}
	return nil
}
