package enginetest

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"loam/backend"
	"loam/backend/engine"
)

func suiteStops(t *testing.T, s suite) {
	c := s.open(t)
	r, whole := s.long(t, c)
	text := whole.text()
	r.Cuts = whole.Eval.Cuts
	runes := []rune(text)
	for _, n := range []int{1, 3, 9} {
		for _, at := range []int{len(runes) / 4, len(runes) / 2, len(runes) - n - 1} {
			if at < 1 || at+n > len(runes) {
				continue
			}
			stop := string(runes[at : at+n])
			if strings.ContainsRune(stop, utf8.RuneError) {
				continue
			}
			r.Stops = []string{"\x00never", stop, stop + "\x00"}
			got := must(t, c, r)
			want := text[:strings.Index(text, stop)]
			if got.text() != want || got.Result.Stop != backend.StopString {
				t.Errorf("stop %q: %q, %s; want %q", stop, got.text(), got.Result.Stop, want)
			}
			for i, id := range got.IDs { // only text may be held back, tokens never
				if id != whole.IDs[i] {
					t.Fatalf("stop %q changed token %d", stop, i)
				}
			}
			r.Reply = got.IDs
			if again := must(t, c, r); len(again.IDs) != 0 || again.Result.Stop != backend.StopString || again.text() != "" {
				t.Errorf("stop %q: a stopped reply went on: %+v", stop, again)
			}
			r.Reply = nil
		}
	}
	r.Stops = []string{"\x00never"}
	if got := must(t, c, r); got.text() != text || got.Result.Stop != whole.Result.Stop {
		t.Errorf("a stop string that never came changed %q to %q", text, got.text())
	}
}

func suiteFollowUp(t *testing.T, s suite) {
	c := s.open(t)
	r, first := s.long(t, c)
	more, err := c.Tokenize(t.Context(), "\nAnd then?\n", false)
	if err != nil {
		t.Fatal(err)
	}
	prompt := slices.Concat(r.Prompt, first.IDs, more)
	got := must(t, c, engine.GenerateRequest{Prompt: prompt, Sampling: lively(5, 4)})
	if least := len(r.Prompt) + len(first.IDs) - 1; got.Eval.Reused < least || got.Result.Usage.ReusedTokens != got.Eval.Reused {
		t.Errorf("%d tokens were reused, %d lay in the cache", got.Eval.Reused, least)
	}
	fresh := must(t, s.open(t), engine.GenerateRequest{Prompt: prompt, Cuts: got.Eval.Cuts, Sampling: lively(5, 4)})
	if !slices.Equal(got.IDs, fresh.IDs) {
		t.Errorf("the follow-up says %q, its replay %q", got.text(), fresh.text())
	}
}

func suiteRegenerate(t *testing.T, s suite) {
	c := s.open(t)
	if !c.Info().Capabilities.TrimKV {
		t.Skip("this model cannot drop a part of its cache")
	}
	prompt := s.ask(t, c, strings.Repeat(question+" ", 4))
	must(t, c, engine.GenerateRequest{Prompt: prompt, Sampling: lively(5, 4)})
	got := must(t, c, engine.GenerateRequest{Prompt: prompt, Sampling: lively(6, 4)})
	if least := len(prompt) - min(c.Info().Batch, 64); got.Eval.Reused < least {
		t.Errorf("%d of %d tokens were reused, at least %d could", got.Eval.Reused, len(prompt), least)
	}
}

func suiteResume(t *testing.T, s suite) {
	c := s.open(t)
	r, whole := s.long(t, c)
	r.Cuts = whole.Eval.Cuts
	text := whole.text()
	used := s.open(t)
	for i, k := range randomPoints(len(whole.IDs), s.Points) {
		r.Reply = whole.IDs[:k]
		on := used // its cache holds something that is partly of use
		if i%2 == 0 {
			on = s.open(t) // as after a crash
		}
		got := must(t, on, r)
		if !slices.Equal(got.IDs, whole.IDs[k:]) {
			t.Errorf("resumed at %d: %q, want %q", k, got.text(), text[len(whole.after(k)):])
			continue
		}
		if want := text[len(whole.after(k)):]; got.text() != want || got.Result.Stop != whole.Result.Stop {
			t.Errorf("resumed at %d: text %q, %s; want %q, %s", k, got.text(), got.Result.Stop, want, whole.Result.Stop)
		}
		if !slices.Equal(got.Eval.Cuts, r.Cuts) {
			t.Errorf("resumed at %d: cuts %v, want %v", k, got.Eval.Cuts, r.Cuts)
		}
		if on != used {
			on.Close()
		} else {
			must(t, used, engine.GenerateRequest{Prompt: s.ask(t, used, "Something else: "+question), Sampling: lively(9, 3)})
		}
	}
}

func suiteLogits(t *testing.T, s suite) {
	c := s.open(t)
	r, whole := s.long(t, c)
	k := len(whole.IDs) * 2 / 3
	r.Cuts, r.Reply = whole.Eval.Cuts, whole.IDs[:k]
	want, err := c.Logits(t.Context(), r) // on the cache that the reply left
	if err != nil {
		t.Fatal(err)
	}
	if len(want) != c.Info().Vocab {
		t.Fatalf("%d logits for %d tokens", len(want), c.Info().Vocab)
	}
	if slices.Max(want) == slices.Min(want) {
		t.Fatal("all logits are equal: there is nothing to compare")
	}
	got, err := s.open(t).Logits(t.Context(), r) // from nothing
	if err != nil {
		t.Fatal(err)
	}
	for i := range want {
		if math.Float32bits(want[i]) != math.Float32bits(got[i]) {
			t.Fatalf("logit %d is %v, after a replay %v", i, want[i], got[i])
		}
	}
}

func suiteState(t *testing.T, s suite) {
	a := s.open(t)
	if !a.Info().Capabilities.State {
		t.Skip("this engine keeps no state")
	}
	r, whole := s.long(t, a)
	k := len(whole.IDs) / 2
	r.Cuts, r.Reply = whole.Eval.Cuts, whole.IDs[:k]
	if _, err := a.Logits(t.Context(), r); err != nil { // now the cache is what it was at k
		t.Fatal(err)
	}
	var state bytes.Buffer
	if err := a.SaveState(t.Context(), &state); err != nil {
		t.Fatal(err)
	}
	b := s.open(t)
	if err := b.LoadState(t.Context(), bytes.NewReader(state.Bytes())); err != nil {
		t.Fatal(err)
	}
	got := must(t, b, r)
	if b.Info().Capabilities.TrimKV && got.Eval.Reused != len(r.Prompt) { // the last call is repeated, for its logits
		t.Errorf("%d of %d prompt tokens came from the state", got.Eval.Reused, len(r.Prompt))
	}
	if !slices.Equal(got.IDs, whole.IDs[k:]) {
		t.Errorf("after the state came %q, want %q", got.text(), whole.text()[len(whole.after(k)):])
	}
	short := func(w *int) *limitedWriter { return &limitedWriter{left: w} }
	left := state.Len() / 2
	if err := a.SaveState(t.Context(), short(&left)); !errors.Is(err, errFull) {
		t.Errorf("a full disk gave %v", err)
	}
	r.Reply = nil
	if got := must(t, a, r); !slices.Equal(got.IDs, whole.IDs) {
		t.Errorf("after a failed save came %q, want %q", got.text(), whole.text())
	}
}

var errFull = errors.New("no space left")

type limitedWriter struct{ left *int }

func (w *limitedWriter) Write(p []byte) (int, error) {
	if *w.left -= len(p); *w.left < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func suiteBrokenState(t *testing.T, s suite) {
	c := s.open(t)
	if !c.Info().Capabilities.State {
		t.Skip("this engine keeps no state")
	}
	r := engine.GenerateRequest{Prompt: s.ask(t, c, question), Sampling: lively(8, 8)}
	want := must(t, c, r)
	var state bytes.Buffer
	if err := c.SaveState(t.Context(), &state); err != nil {
		t.Fatal(err)
	}
	b := state.Bytes()
	for name, broken := range map[string][]byte{
		"nothing": nil, "garbage": bytes.Repeat([]byte("garbage "), 1000), "cut short": b[:len(b)/2], "a few bytes": b[:min(10, len(b))],
		"all ones": bytes.Repeat([]byte{0xff}, 4096), "another beginning": append([]byte("????????"), b[8:]...),
	} {
		if err := c.LoadState(t.Context(), bytes.NewReader(broken)); err == nil {
			t.Errorf("%s was taken for a state", name)
		}
	}
	if err := c.LoadState(t.Context(), failing{}); err == nil {
		t.Error("a disk that failed gave a state")
	}
	r.Cuts = want.Eval.Cuts
	if got := must(t, c, r); !slices.Equal(got.IDs, want.IDs) {
		t.Errorf("afterwards it says %q, before %q", got.text(), want.text())
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("input/output error") }

func randomPoints(n, count int) []int {
	rng := rand.New(rand.NewPCG(20, 26))
	points := []int{0, n - 1, n}
	for len(points) < count {
		points = append(points, rng.IntN(n))
	}
	return points
}
