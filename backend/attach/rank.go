package attach

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"loam/backend"
)

// The constants of BM25 (Robertson and Zaragoza 2009, "The Probabilistic Relevance Framework", 3.4): how soon a word that is
// repeated counts no more, and how much long passages are discounted.
const (
	bm25K = 1.2
	bm25B = 0.75
)

// olderWeight is what a word of the turns before counts, against one of the question.
const olderWeight = 0.25

// Index knows which words stand in which passage of a text.
type Index struct {
	passages []backend.Passage
	lengths  []float64
	mean     float64
	posts    map[string][]post
}

type post struct {
	passage int
	times   float64
}

// NewIndex reads the passages of a text. Of a text of a megabyte that takes some tenths of a second.
func NewIndex(text string, passages []backend.Passage) *Index {
	x := &Index{passages: passages, lengths: make([]float64, len(passages)), posts: map[string][]post{}}
	for i, p := range passages {
		times := map[string]float64{}
		words := terms(p.File + " " + text[p.Start:p.End])
		for _, w := range words {
			times[w]++
		}
		for w, n := range times {
			x.posts[w] = append(x.posts[w], post{i, n})
		}
		x.lengths[i] = float64(len(words))
		x.mean += float64(len(words))
	}
	x.mean /= float64(max(len(passages), 1))
	return x
}

// Ranked is a passage with how well it answers; Score 0 = no word of the question stands in it.
type Ranked struct {
	Index   int // of the passage
	Score   float64
	Passage backend.Passage
	By      By
}

// By says why a passage was found.
type By uint8

// The ways; a passage may be found by both.
const (
	ByWords By = 1 << iota
	ByMeaning
)

// Rank orders all passages by how well they answer a question, the best first, and those without any of its words after them
// in the order of the text. older are the turns before the question, which say what it is about.
func (x *Index) Rank(question, older string) []Ranked {
	weights := map[string]float64{}
	for _, w := range terms(older) {
		weights[w] = olderWeight
	}
	for _, w := range terms(question) {
		weights[w] = 1
	}
	scores := make([]float64, len(x.passages))
	for _, w := range slices.Sorted(maps.Keys(weights)) { // in one order, so that sums are the same to the bit
		list, weight, rarity := x.posts[w], weights[w], x.rarity(w)
		for _, p := range list {
			norm := bm25K * (1 - bm25B + bm25B*x.lengths[p.passage]/max(x.mean, 1))
			scores[p.passage] += weight * rarity * p.times * (bm25K + 1) / (p.times + norm)
		}
	}
	out := make([]Ranked, len(x.passages))
	for i, p := range x.passages {
		out[i] = Ranked{Index: i, Score: scores[i], Passage: p}
	}
	slices.SortStableFunc(out, func(a, b Ranked) int { return cmp.Compare(b.Score, a.Score) })
	return out
}

// rarity is how much a word tells: the fewer passages have it, the more.
func (x *Index) rarity(w string) float64 {
	n, have := float64(len(x.passages)), float64(len(x.posts[w]))
	r := math.Log(1 + (n-have+0.5)/(have+0.5))
	if stopWords[w] {
		r *= 0.05
	}
	return r
}

// Whole is about the score of a passage that has all words of a question and of the turns before it, those that stand nowhere in
// the text too: what a score is measured by.
func (x *Index) Whole(question, older string) float64 {
	sum := func(text string) (sum float64) {
		words := terms(text)
		slices.Sort(words)
		for _, w := range slices.Compact(words) {
			sum += x.rarity(w)
		}
		return sum
	}
	return max(sum(question), olderWeight*sum(older))
}

// Asks says whether a question has a word of weight, in the text or not: "summarise this document" has none.
func Asks(question string) bool {
	return slices.ContainsFunc(terms(question), func(w string) bool { return !stopWords[w] })
}

// Names says whether a question has a word of weight that stands in the text at all.
func (x *Index) Names(question string) bool {
	for _, w := range terms(question) {
		if list := x.posts[w]; !stopWords[w] && len(list) > 0 && len(list)*2 <= len(x.passages)+1 {
			return true
		}
	}
	return false
}

// Spread orders the passages of a text for a question that names nothing in it, such as a wish for a summary: the beginning, then even steps through all of it, each
// time finer.
func (x *Index) Spread() []Ranked {
	n := len(x.passages)
	var out []Ranked
	seen := make([]bool, n)
	add := func(i int) {
		if i >= 0 && i < n && !seen[i] {
			seen[i] = true
			out = append(out, Ranked{Index: i, Passage: x.passages[i]})
		}
	}
	add(0)
	add(1)
	add(n - 1)
	for parts := 2; len(out) < n; parts *= 2 {
		for k := 1; k < parts; k++ {
			add(k * n / parts)
		}
		if parts > n {
			for i := range n {
				add(i)
			}
		}
	}
	return out
}

// terms are the words of a text as they are compared: without case, diacritics and the commonest endings; scripts without
// spaces by pairs of characters.
func terms(text string) []string {
	var out []string
	var word []rune
	var run []rune // of a script without spaces
	endWord := func() {
		if len(word) > 0 {
			out = append(out, stem(string(word)))
			word = word[:0]
		}
	}
	endRun := func() {
		if len(run) == 1 {
			out = append(out, string(run))
		}
		for i := 0; i+1 < len(run); i++ {
			out = append(out, string(run[i:i+2]))
		}
		run = run[:0]
	}
	for _, r := range norm.NFKD.String(text) {
		switch {
		case unicode.Is(unicode.Mn, r):
		case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar):
			endWord()
			run = append(run, r)
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			endRun()
			if unicode.IsUpper(r) && len(word) > 0 && unicode.IsLower(rune(word[len(word)-1])) && len(word) >= 3 {
				whole := word // camelCase: the parts are found, too
				out = append(out, stem(strings.ToLower(string(whole))))
			}
			word = append(word, r)
			continue
		default:
			endRun()
			endWord()
		}
	}
	endRun()
	endWord()
	return out
}

// stem brings the forms of a word together that differ at their end.
func stem(w string) string {
	w = strings.ToLower(w)
	for _, end := range []string{"ies", "ing", "ed", "es", "s", "en", "er", "n", "e"} {
		if rest, ok := strings.CutSuffix(w, end); ok && len(rest) >= 4 {
			return rest
		}
	}
	return w
}

// stopWords are words that say little about what is asked.
var stopWords = func() map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(`a an the of to in on at by for with and or not is are was were be been it its this that these those what which who whom
		how why when where does do did can could should would will shall may might i you he she we they me my your our their his her them there here from
		as about into than then so if but no yes please tell give show explain summarize summarise summary file document text say says der die das ein eine und oder
		ist sind war was wer wie wo warum wann welche zu von mit auf fur im in am den dem des nicht es ich du wir sie bitte le la les un une et ou de des
		du que qui quoi est sont el los las una y o que es son`) {
		m[stem(w)] = true
	}
	return m
}()

// Around is how a passage is told in a line: its first words, and where they do not show why it was found, the line that has most of
// the question's words.
func Around(text, question string, n int) string {
	first := FirstWords(text, n)
	wanted := map[string]bool{}
	for _, w := range terms(question) {
		if !stopWords[w] {
			wanted[w] = true
		}
	}
	hits := func(line string) int {
		found := map[string]bool{}
		for _, w := range terms(line) {
			if wanted[w] {
				found[w] = true
			}
		}
		return len(found)
	}
	best, most := "", hits(first)
	for line := range strings.Lines(text) {
		if h := hits(line); h > most {
			best, most = line, h
		}
	}
	if best == "" {
		return first
	}
	return strings.TrimSuffix(FirstWords(text, n/3), "…") + " … " + FirstWords(strings.TrimRight(best, "\n"), n*2/3)
}
