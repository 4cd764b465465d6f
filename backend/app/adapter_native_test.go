//go:build !nonative

package app

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
	"loam/backend/library"
	"loam/backend/modelfile"
	"loam/backend/modelfile/modelfiletest"
)

// pirate writes a random LoRA of rank 4 for the queries of SmolLM2's first layers.
func pirate(t *testing.T) string {
	t.Helper()
	const width, rank, layers = 576, 4, 8
	random := rand.New(rand.NewPCG(4, 2))
	values := func(n int) []byte {
		b := make([]byte, 0, 4*n)
		for range n {
			v := math.Float32bits(float32(random.NormFloat64() * 0.12))
			b = append(b, byte(v), byte(v>>8), byte(v>>16), byte(v>>24))
		}
		return b
	}
	g := modelfiletest.NewGGUF().
		Set("general.architecture", "llama").Set("general.type", "adapter").Set("general.name", "pirate").
		Set("adapter.type", "lora").Set("adapter.lora.alpha", float32(8))
	for l := range layers {
		name := fmt.Sprintf("blk.%d.attn_q.weight", l)
		g.Tensor(name+".lora_a", modelfiletest.F32, values(width*rank), width, rank)
		g.Tensor(name+".lora_b", modelfiletest.F32, values(width*rank), rank, width)
	}
	return modelfiletest.Write(t, t.TempDir(), "pirate.gguf", g.Bytes())
}

func TestALoRAActsOnAChatAndItsReceiptNamesIt(t *testing.T) {
	a := openReal(t, t.TempDir())
	starter, err := a.Library.Default(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	path := pirate(t)
	if m, err := modelfile.MatchAdapter(path, starter.Path); err != nil || m.Matched != 16 || m.Reason() != "" {
		t.Fatalf("%+v, %v", m, err)
	}
	lora, err := a.Library.Add(t.Context(), path, library.AddOptions{})
	if err != nil || lora.Kind != backend.KindAdapter {
		t.Fatalf("%+v, %v", lora, err)
	}
	ask := func(uses ...backend.AdapterUse) (string, backend.Message) {
		t.Helper()
		c := newChat(t, a, seeded(24))
		if err := a.Chats.SetAdapters(t.Context(), c.ID, uses); err != nil {
			t.Fatal(err)
		}
		m := wait(t, a, send(t, a, c.ID, "Tell me about the sea.").ID)
		if m.State != backend.MessageComplete {
			t.Fatalf("ends %v: %s", m.State, m.Error)
		}
		return m.Text, m
	}
	bare, _ := ask()
	nought, plain := ask(backend.AdapterUse{ModelID: lora.ID, Weight: 0})
	off, _ := ask(backend.AdapterUse{ModelID: lora.ID, Weight: 1, Off: true})
	if bare != nought || bare != off || strings.Contains(plain.ModelName, "+") {
		t.Errorf("without: %q\nat weight 0: %q\nswitched off: %q\nsigned %q", bare, nought, off, plain.ModelName)
	}
	with, m := ask(backend.AdapterUse{ModelID: lora.ID, Weight: 1})
	if with == bare {
		t.Errorf("the LoRA changes nothing: %q", with)
	}
	t.Logf("without: %q\nwith: %q, signed %s", bare, with, m.ModelName)
	if want := starter.Name + " + " + lora.Name + " 1"; m.ModelName != want {
		t.Errorf("signed %q, want %q", m.ModelName, want)
	}
	g, err := a.Store.Generation(t.Context(), m.ID)
	if err != nil {
		t.Fatal(err)
	}
	want := []backend.AdapterRef{{ModelRef: lora.Ref(), Weight: 1}}
	if d := cmp.Diff(want, g.Adapters); d != "" {
		t.Errorf("the record names other adapters: %s", d)
	}
	// Cut off in the middle, and the LoRA taken out of the chat meanwhile: the reply goes on as it began.
	var c backend.Chat
	cut := cutOff(t, a, func() int64 {
		c = newChat(t, a, seeded(40))
		if err := a.Chats.SetAdapters(t.Context(), c.ID, []backend.AdapterUse{{ModelID: lora.ID, Weight: 1}}); err != nil {
			t.Fatal(err)
		}
		return c.ID
	}, "Tell me about the sea.", 20)
	if err := a.Chats.SetAdapters(t.Context(), c.ID, nil); err != nil {
		t.Fatal(err)
	}
	whole := resume(t, a, cut.ID)
	if d := cmp.Diff(repeat(t, a, cut.ID), whole.Text); d != "" || whole.Note != "" || whole.State != backend.MessageComplete {
		t.Errorf("resumed it ends %v, note %q: %s", whole.State, whole.Note, d)
	}
	again, _ := ask()
	if again != bare {
		t.Errorf("taken out, it is not as before: %q", again)
	}
}
