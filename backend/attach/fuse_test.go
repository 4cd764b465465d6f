package attach_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"loam/backend"
	"loam/backend/attach"
)

// source ranks the passages of a text, a line each, with cosines to the question.
func source(question string, near []float32, lines ...string) attach.Ranking {
	text := strings.Join(lines, "\n")
	var passages []backend.Passage
	at := 0
	for _, l := range lines {
		passages = append(passages, backend.Passage{Start: at, End: at + len(l)})
		at += len(l) + 1
	}
	x := attach.NewIndex(text, passages)
	return attach.Ranking{Ranked: x.Rank(question, ""), Whole: x.Whole(question, ""), Near: near}
}

func order(s attach.Ranking) (list []string) {
	for _, r := range s.Ranked {
		list = append(list, fmt.Sprintf("%d:%d", r.Index, r.By))
	}
	return list
}

func TestMeaningFindsWhatSharesNoWord(t *testing.T) {
	lines := []string{"We get up early.", "A refund is paid within a fortnight.", "The door opens at nine.", "Parcels travel by rail."}
	const question = "How do I get my money back?"
	s := source(question, nil, lines...)
	worth := attach.Fuse([]attach.Ranking{s})
	if d := cmp.Diff([]string{"0:1", "1:0", "2:0", "3:0"}, order(s)); d != "" || worth <= 0 {
		t.Errorf("by words alone (-want +got):\n%s", d)
	}
	s = source(question, []float32{0.1, 0.6, 0.05, 0.12}, lines...)
	worth = attach.Fuse([]attach.Ranking{s})
	if d := cmp.Diff([]string{"1:2", "0:1", "2:0", "3:0"}, order(s)); d != "" || s.Ranked[0].Score < worth || s.Ranked[2].Score >= worth {
		t.Errorf("worth %f, %+v (-want +got):\n%s", worth, s.Ranked, d)
	}
}

func TestWordsAndMeaningTogetherBeatEither(t *testing.T) {
	s := source("the tax of 2024", []float32{0.5, 0.52, 0.1, 0.1},
		"The tax of 2024 was low.", "Levies of that year.", "Tax was high once, in 2019.", "Nothing.")
	attach.Fuse([]attach.Ranking{s})
	if d := cmp.Diff([]string{"0:3", "1:2", "2:1", "3:0"}, order(s)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestFilesWithoutVectorsAreComparedWithThoseThatHaveThem(t *testing.T) {
	with := source("when does the ferry leave", []float32{0.6, 0.1, 0.1}, "Boats depart at eight.", "Bread.", "Soap.")
	without := source("when does the ferry leave", nil, "The ferry will leave at nine.", "Bread.")
	worth := attach.Fuse([]attach.Ranking{with, without})
	if with.Ranked[0].Score < worth || without.Ranked[0].Score < worth || without.Ranked[0].By != attach.ByWords {
		t.Errorf("worth %f of %+v and %+v", worth, with.Ranked[0], without.Ranked[0])
	}
}

func TestFusionIsBoundedStableAndKeepsAllPassages(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := []string{"ferry", "tax", "bread", "the", "leaves", "money"}
		line := rapid.Custom(func(t *rapid.T) string {
			return strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 0, 5).Draw(t, "words"), " ") + "."
		})
		lines := rapid.SliceOfN(line, 1, 12).Draw(t, "lines")
		var near []float32
		if rapid.Bool().Draw(t, "vectors") {
			near = rapid.SliceOfN(rapid.Float32Range(-1, 1), len(lines), len(lines)).Draw(t, "near")
		}
		question := line.Draw(t, "question")
		a, b := source(question, near, lines...), source(question, near, lines...)
		worth := attach.Fuse([]attach.Ranking{a})
		attach.Fuse([]attach.Ranking{b})
		if d := cmp.Diff(a, b); d != "" {
			t.Fatal("twice the same gives", d)
		}
		seen := map[int]bool{}
		last := math.Inf(1)
		for _, r := range a.Ranked {
			if seen[r.Index] || r.Score < 0 || r.Score > 1 || r.Score > last || r.By == 0 && r.Score != 0 {
				t.Fatalf("%+v", a.Ranked)
			}
			seen[r.Index], last = true, r.Score
		}
		if len(seen) != len(lines) || worth < 0 || worth > 1 {
			t.Fatalf("%d of %d passages, worth %f", len(seen), len(lines), worth)
		}
	})
}

// pieceEnd are blanks that may end a piece.
const pieceEnd = 400

func TestPiecesAreAllOfAPassage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.SampledFrom([]string{"ferry ", "tax. ", "\n", "\n\n", "é", "日本語", strings.Repeat("x", 90), "; "})
		text := "before" + strings.Join(rapid.SliceOfN(word, 1, 80).Draw(t, "words"), "") + "after"
		p := backend.Passage{Start: 6, End: len(text) - 5}
		pieces := attach.Pieces(text, p)
		if d := cmp.Diff(text[p.Start:p.End], strings.Join(pieces, "")); d != "" {
			t.Fatal(d)
		}
		for _, piece := range pieces {
			if len(piece) > 400+pieceEnd || !utf8.ValidString(piece) || piece == "" {
				t.Fatalf("%q", piece)
			}
		}
	})
}
