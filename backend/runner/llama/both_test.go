//go:build !nonative

package llama

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"loam/backend/engine"
	"loam/backend/modelfile/modelfiletest"
)

// scripts are words of twelve scripts.
var scripts = map[string][]string{
	"Latin":      {"Straße", "naïve", "façade", "œuvre", "I'm", "don't", "Łódź", "þing", "Ísland", "HTTP/2", "x86_64", "i̇stanbul"},
	"Greek":      {"Καλημέρα", "κόσμε", "Ἀθῆναι", "ῥόδον", "ΣΊΣΥΦΟΣ", "ἄνθρωπος"},
	"Cyrillic":   {"Привет", "мир", "съешь", "ещё", "Київ", "Ђорђе", "Ѳеодоръ"},
	"Arabic":     {"مرحبا", "بالعالم", "كِتَابٌ", "لا", "پنجشنبه", "۱۲۳"},
	"Hebrew":     {"שלום", "עולם", "בְּרֵאשִׁית", "ירושלים"},
	"Devanagari": {"नमस्ते", "दुनिया", "क्षत्रिय", "हिन्दी", "१२३"},
	"Thai":       {"สวัสดี", "ชาวโลก", "กรุงเทพมหานคร", "น้ำ"},
	"Han":        {"你好", "世界", "龘", "漢字", "𠮷野家", "二〇二六年"},
	"Kana":       {"こんにちは", "セカイ", "ﾊﾝｶｸ", "がぎぐげご", "ヴェ"},
	"Hangul":     {"안녕하세요", "세계", "한글", "값", "뷁"},
	"Georgian":   {"გამარჯობა", "მსოფლიო", "ქართული", "Ⴀ"},
	"Emoji":      {"👋", "🌍", "👩‍👩‍👧‍👦", "🇫🇷", "👍🏽", "❤️", "1️⃣"},
}

// texts are n strings in twelve scripts, mixed in every second one, with the spaces and signs that tokenizers trip over.
func texts(n int) []string {
	random := rand.New(rand.NewPCG(20, 26))
	names := make([]string, 0, len(scripts))
	for name := range scripts {
		names = append(names, name)
	}
	slices.Sort(names)
	between := []string{" ", " ", " ", "  ", "\n", "\n\n", "\t", ", ", ". ", "", "-", " — ", "…", "\u00a0", "\u200d", "\r\n", "   \n ", "42", " 3.14", "!?", "'s "}
	var list []string
	for i := range n {
		var b strings.Builder
		words := scripts[names[i%len(names)]]
		for range 1 + random.IntN(12) {
			if i%2 == 1 {
				words = scripts[names[random.IntN(len(names))]]
			}
			b.WriteString(words[random.IntN(len(words))])
			b.WriteString(between[random.IntN(len(between))])
		}
		list = append(list, b.String())
	}
	return list
}

func TestEnginesCutTextAlike(t *testing.T) {
	engines := bothEngines(t)
	for name, path := range map[string]string{"BPE": starter(t), "SPM": tiny(t, modelfiletest.Chat()).Path} {
		t.Run(name, func(t *testing.T) {
			use := func(r *engine.LoadRequest) { r.Path, r.Context = path, 128 }
			a, b := engines[0].chat(t, use), engines[1].chat(t, use)
			for i, text := range texts(500) {
				special := i%5 == 0
				want, err := a.Tokenize(t.Context(), text, special)
				if err != nil {
					t.Fatal(err)
				}
				got, err := b.Tokenize(t.Context(), text, special)
				if err != nil {
					t.Fatal(err)
				}
				if d := cmp.Diff(want, got); d != "" {
					t.Errorf("%q (-embedded +pack):\n%s", text, d)
				}
			}
		})
	}
}

// An adapter acts with its weight, weight 0 and removal are the same to the bit as no adapter, and a change in a loaded model is the
// same to the bit as loading it so, its cache and a reply before notwithstanding.
func TestAdapterActsInBothEngines(t *testing.T) {
	dir := t.TempDir()
	model := tiny(t, modelfiletest.Chat()).Path
	path := modelfiletest.Write(t, dir, "lora.gguf", adapter("llama", 32).Bytes())
	other := modelfiletest.Write(t, dir, "other.gguf", adapter("llama", 32).Bytes())
	broken := modelfiletest.Write(t, dir, "broken.gguf", adapter("llama", 64).Bytes())
	use := func(weights ...float32) (list []engine.AdapterWeight) {
		for i, w := range weights {
			list = append(list, engine.AdapterWeight{Path: []string{path, other}[i], Weight: w})
		}
		return list
	}
	prompt := engine.GenerateRequest{Prompt: []int32{1, 40, 50, 60, 70}}
	for _, o := range bothEngines(t) {
		t.Run(o.name, func(t *testing.T) {
			answer := func(c engine.Chat) []float32 {
				l, err := c.Logits(t.Context(), prompt)
				if err != nil {
					t.Fatal(err)
				}
				return l
			}
			open := func(list []engine.AdapterWeight, more ...string) engine.Chat {
				return o.chat(t, func(r *engine.LoadRequest) {
					r.Path, r.Context, r.Adapters = model, 128, list
					for _, p := range more { // a child reads only what it was started with
						r.Adapters = append(r.Adapters, engine.AdapterWeight{Path: p})
					}
				})
			}
			change := func(a, b []float32) (most float64) {
				for i := range a {
					most = max(most, math.Abs(float64(a[i]-b[i])))
				}
				return most
			}
			bare := answer(open(nil))
			sameBits(t, "weight 0", bare, answer(open(use(0))))
			want := map[int][]float32{}
			steps := [][]engine.AdapterWeight{use(1), use(0.5), use(0), use(1, 0.5), use(0.5), nil, use(1)}
			for i, list := range steps {
				want[i] = answer(open(list))
			}
			if half, whole := change(bare, want[1]), change(bare, want[0]); half == 0 || whole <= half || change(want[3], want[0]) == 0 {
				t.Errorf("logits change by %v at 0.5 and %v at 1", half, whole)
			}
			c := open(nil, path, other)
			sameBits(t, "not yet", bare, answer(c))
			for i, list := range steps {
				generate(t, c, engine.GenerateRequest{Prompt: prompt.Prompt, Sampling: greedy(8)})
				if err := c.(engine.Adapting).Adapt(t.Context(), list); err != nil {
					t.Fatal(err)
				}
				sameBits(t, fmt.Sprintf("changed to %v", list), want[i], answer(c))
			}
			if err := c.(engine.Adapting).Adapt(t.Context(), []engine.AdapterWeight{{Path: broken, Weight: 1}}); err == nil {
				t.Error("took an adapter of another model")
			}
			sameBits(t, "after a refusal", want[len(steps)-1], answer(c))
		})
	}
}
