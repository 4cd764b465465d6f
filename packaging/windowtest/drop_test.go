//go:build window

package windowtest

import (
	"encoding/json"
	"fmt"
	"image"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"loam/backend/engine/enginetest/tinypicture"
	"loam/backend/modelfile/modelfiletest"
)

// dropped are files of every kind that a person may drop.
type dropped struct {
	chat, adapter, lora, other, text, broken, folder string
	set                                              []string
}

// kinds writes one file of each kind. The LoRA has trigger words and a preview beside it.
func kinds(t testing.TB) dropped {
	t.Helper()
	dir := t.TempDir()
	tiny, err := tinypicture.Write(filepath.Join(mkdir(t, dir, "pictures")), 1)
	if err != nil {
		t.Fatal(err)
	}
	d := dropped{
		set: []string{tiny.Diffusion, tiny.T5, tiny.TAE}, other: tiny.LoRAOther,
		lora: filepath.Join(dir, "ink_sketch.safetensors"), text: filepath.Join(dir, "notes.txt"),
		broken: filepath.Join(dir, "half.gguf"), folder: mkdir(t, dir, "a folder"),
	}
	rewrite(t, tiny.LoRAKohya, d.lora, func(header map[string]json.RawMessage) {
		header["__metadata__"] = json.RawMessage(`{"modelspec.title":"ink sketch","modelspec.trigger_phrase":"inksk, line art"}`)
	})
	d.chat = modelfiletest.Write(t, dir, "Small-Talk-1B.Q8_0.gguf", modelfiletest.Chat().Bytes())
	d.adapter = modelfiletest.Write(t, dir, "pirate.gguf", pirate().Bytes())
	half := modelfiletest.Chat().Bytes()
	for path, b := range map[string][]byte{
		d.text: []byte("Day one: Bryggen.\nDay two: the Fløyen."), d.broken: half[:len(half)/2],
		filepath.Join(d.folder, "words.txt"): []byte("not a model"),
	} {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Link(tiny.Upscaler, filepath.Join(d.folder, "esrgan.safetensors")); err != nil {
		t.Fatal(err)
	}
	return d
}

func mkdir(t testing.TB, parts ...string) string {
	t.Helper()
	dir := filepath.Join(parts...)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

// pirate is a random LoRA of rank 4 for the queries of SmolLM2's first layers.
func pirate() *modelfiletest.GGUF {
	const width, rank = 576, 4
	random := rand.New(rand.NewPCG(4, 2))
	values := func(n int) (b []byte) {
		for range n {
			v := math.Float32bits(float32(random.NormFloat64() * 0.12))
			b = append(b, byte(v), byte(v>>8), byte(v>>16), byte(v>>24))
		}
		return b
	}
	g := modelfiletest.NewGGUF().Set("general.architecture", "llama").Set("general.type", "adapter").
		Set("adapter.type", "lora").Set("adapter.lora.alpha", float32(8))
	for l := range 8 {
		name := fmt.Sprintf("blk.%d.attn_q.weight", l)
		g.Tensor(name+".lora_a", modelfiletest.F32, values(width*rank), width, rank)
		g.Tensor(name+".lora_b", modelfiletest.F32, values(width*rank), rank, width)
	}
	return g
}

// installed are the models of a data folder by their kind.
func installed(t testing.TB, data string) map[string]int {
	t.Helper()
	out, stderr, code := command(t, data, "models", "list", "--json")
	if code != 0 {
		t.Fatal(stderr)
	}
	var list []struct {
		Kind string `json:"kind"`
	}
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		t.Fatal(err)
	}
	kinds := map[string]int{}
	for _, m := range list {
		kinds[m.Kind]++
	}
	return kinds
}

// look makes the window's look and size those of a test.
func look(t testing.TB, data, mode string, width, height int) {
	t.Helper()
	if _, stderr, code := command(t, data, "models", "list"); code != 0 { // makes the database
		t.Fatal(stderr)
	}
	h := history(t, data)
	for key, v := range map[string]any{
		"window.look":  map[string]any{"mode": mode, "scale": 1},
		"window.state": map[string]any{"width": width, "height": height, "page": "chats"},
	} {
		if err := h.s.SetSetting(t.Context(), key, v); err != nil {
			t.Fatal(err)
		}
	}
}

// Every kind of file is answered by a card on every page, in light and dark, in the smallest window and a usual one.
// What the cards say is held by the tests of package ui; here they are seen, and what they did is read from the library.
func TestEveryKindOfFileIsAnsweredByACard(t *testing.T) {
	for _, x := range []struct {
		mode          string
		width, height int
	}{{"light", 1280, 800}, {"dark", 720, 480}} {
		name := fmt.Sprintf("%s-%d", x.mode, x.width)
		t.Run(name, func(t *testing.T) {
			files, data := kinds(t), t.TempDir()
			look(t, data, x.mode, x.width, x.height)
			s := newScreen(t, fmt.Sprintf("%dx%d", x.width, x.height))
			l := start(t, s, data)
			for i, d := range []struct {
				what, page string
				paths      []string
				kind       string // that is installed afterwards; "" = nothing more
			}{
				{"chat", "ctrl+1", []string{files.chat}, "chat"},
				{"adapter", "ctrl+1", []string{files.adapter}, "adapter"},
				{"lora-alone", "ctrl+3", []string{files.lora}, "lora"},
				{"set", "ctrl+2", files.set, "diffusion"},
				{"lora", "ctrl+2", []string{files.lora}, ""},
				{"lora-other", "ctrl+2", []string{files.other}, "lora"},
				{"text", "ctrl+3", []string{files.text}, ""},
				{"broken", "ctrl+comma", []string{files.broken}, ""},
				{"folder", "ctrl+3", []string{files.folder}, "upscaler"},
				{"all", "ctrl+1", append([]string{files.chat, files.lora, files.text, files.broken, files.folder}, files.set...), ""},
			} {
				l.key(d.page)
				before := installed(t, data)
				clean := s.shot(t, "drop-before")
				l.drop(d.paths...)
				l.until("the card of "+d.what, func() bool {
					l.alive()
					return changed(clean, s.shot(t, "drop-wait")) > 0.01
				})
				if d.kind != "" {
					l.until("the library to know "+d.what, func() bool { return installed(t, data)[d.kind] > before[d.kind] })
				}
				time.Sleep(900 * time.Millisecond) // what it fits is filled in
				s.shot(t, fmt.Sprintf("drop-%s-%02d-%s", name, i, d.what))
				l.key("Escape")
				time.Sleep(200 * time.Millisecond)
				l.alive()
			}
		})
	}
}

// A LoRA is answered over every page, in light and dark, and Esc gives the page back as it was.
func TestALoRAIsAnsweredOnEveryPage(t *testing.T) {
	for _, mode := range []string{"light", "dark"} {
		t.Run(mode, func(t *testing.T) {
			files, data := kinds(t), easel(t, 64, 4)
			look(t, data, mode, 1280, 800)
			s := newScreen(t, "1280x800")
			l := start(t, s, data)
			for _, page := range []struct{ name, key string }{
				{"chats", "ctrl+1"}, {"pictures", "ctrl+2"}, {"models", "ctrl+3"}, {"settings", "ctrl+comma"},
			} {
				l.key(page.key)
				var clean image.Image
				l.until("the page "+page.name+" to rest", func() bool {
					l.alive()
					before := clean
					clean = s.shot(t, "lora-before")
					return before != nil && changed(before, clean) < 0.0005
				})
				l.drop(files.lora)
				l.until("the card over "+page.name, func() bool {
					l.alive()
					return changed(clean, s.shot(t, "lora-wait")) > 0.01
				})
				l.until("the library to know it", func() bool { return installed(t, data)["lora"] == 1 })
				time.Sleep(900 * time.Millisecond) // what it fits is filled in
				s.shot(t, fmt.Sprintf("lora-on-%s-%s", mode, page.name))
				l.key("Escape")
				if page.name == "models" {
					continue // the list has one more
				}
				l.until("the page "+page.name+" as it was", func() bool {
					l.alive()
					return changed(clean, s.shot(t, "lora-after")) < 0.005
				})
			}
		})
	}
}

func TestADroppedLoRAIsOneClickFromTwoPictures(t *testing.T) {
	files, data := kinds(t), easel(t, 64, 4)
	s := newScreen(t, "1280x800")
	l := start(t, s, data)
	h := history(t, data)
	l.key("ctrl+2")
	l.drop(files.lora)
	l.until("the library to know it", func() bool { return installed(t, data)["lora"] == 1 })
	time.Sleep(900 * time.Millisecond)
	l.clickPrimary("Try it")
	l.until("two pictures", func() bool { l.alive(); return len(h.pictures()) == 2 })
	time.Sleep(1200 * time.Millisecond)
	s.shot(t, "lora-compared")
	ps := h.pictures()
	with, without := whole(t, data, ps[0]).Receipt.Settings, whole(t, data, ps[1]).Receipt.Settings
	if with.Seed != without.Seed || with.Prompt != without.Prompt || len(without.LoRAs) != 0 || len(with.LoRAs) != 1 {
		t.Fatalf("with %+v\nwithout %+v", with, without)
	}
	if got := with.LoRAs[0]; got.Applied != tinypicture.TensorsKohya || got.Total != got.Applied || got.Weight != 0.8 {
		t.Errorf("the receipt says %+v", got)
	}
	if ps[0].SHA256 == ps[1].SHA256 {
		t.Error("the LoRA changed nothing")
	}
	l.key("Tab")
	l.key("Return") // Add at 0.8
	time.Sleep(300 * time.Millisecond)
	s.shot(t, "lora-chip")
	l.key("ctrl+Return")
	l.until("a picture with it", func() bool { l.alive(); return len(h.pictures()) == 3 })
	if got := whole(t, data, h.pictures()[0]).Receipt.Settings; len(got.LoRAs) != 1 {
		t.Errorf("after Add at 0.8 it is drawn with %+v", got.LoRAs)
	}
}

func TestADroppedChatLoRASignsTheReply(t *testing.T) {
	files, data := kinds(t), t.TempDir()
	s := newScreen(t, "1280x800")
	l := start(t, s, data)
	h := history(t, data)
	l.drop(files.adapter)
	l.until("the library to know it", func() bool { return installed(t, data)["adapter"] == 1 })
	time.Sleep(900 * time.Millisecond)
	l.clickPrimary("Use in this chat")
	s.shot(t, "adapter-chip")
	l.typeText("Tell me about the sea.")
	l.key("Return")
	l.until("the beginning of a reply", func() bool {
		l.alive()
		m, ok := h.reply()
		return ok && m.Text != ""
	})
	s.shot(t, "adapter-reply")
	if m, _ := h.reply(); !strings.Contains(m.ModelName, "+ Pirate 1") {
		t.Errorf("the reply is signed %q", m.ModelName)
	}
}
