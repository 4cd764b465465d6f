//go:build !nonative

package llama

import (
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

// An adapter acts with its weight, and weight 0 is the same to the bit as no adapter. In the embedded engine a change needs
// a context of its own, which every load has.
func TestAdapterActsInBothEngines(t *testing.T) {
	dir := t.TempDir()
	model := tiny(t, modelfiletest.Chat()).Path
	path := modelfiletest.Write(t, dir, "lora.gguf", adapter("llama", 32).Bytes())
	for _, o := range bothEngines(t) {
		t.Run(o.name, func(t *testing.T) {
			at := func(weights ...float32) []float32 {
				c := o.chat(t, func(r *engine.LoadRequest) {
					r.Path, r.Context = model, 128
					for _, w := range weights {
						r.Adapters = append(r.Adapters, engine.AdapterWeight{Path: path, Weight: w})
					}
				})
				l, err := c.Logits(t.Context(), engine.GenerateRequest{Prompt: []int32{1, 40, 50, 60, 70}})
				if err != nil {
					t.Fatal(err)
				}
				return l
			}
			change := func(a, b []float32) (most float64) {
				for i := range a {
					most = max(most, math.Abs(float64(a[i]-b[i])))
				}
				return most
			}
			bare := at()
			sameBits(t, "weight 0", bare, at(0))
			half, whole := change(bare, at(0.5)), change(bare, at(1))
			if half == 0 || whole <= half {
				t.Errorf("logits change by %v at 0.5 and %v at 1", half, whole)
			}
			sameBits(t, "twice a half", at(0.5), at(0.5))
		})
	}
}
