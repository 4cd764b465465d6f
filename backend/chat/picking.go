package chat

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"loam/backend"
	"loam/backend/attach"
	"loam/backend/engine"
	"loam/backend/prompt"
)

// Meaning knows how near passages are to a question. *meaning.Service meets it through app.
type Meaning interface {
	// Begin has a file read for its meaning in the background.
	Begin(a backend.Attachment)
	// Ask begins to compare with a question and what was said before it; nil = there is no model for that.
	Ask(ctx context.Context, question, older string) Nearness
}

// Nearness is a question that passages are compared with.
type Nearness interface {
	Model() string // that compares
	// Near gives the cosine to each passage. An error is a file that cannot be compared now: words alone find its passages.
	Near(ctx context.Context, a backend.Attachment, text string, passages []backend.Passage) ([]float32, error)
}

// Picking is a message with files that do not fit the model as a whole: passages of them were looked for, and the person is
// to see them before they are sent.
type Picking struct {
	Room  int // tokens that passages may take together
	Files []backend.Attachment
	Picks []Picks // of those of Files that do not fit
}

func (p *Picking) Error() string {
	return "the attached files do not fit the model as a whole: passages of them can be sent"
}

// Picks are the passages of a file that may be sent, the best first.
type Picks struct {
	File    int  // among Picking.Files
	Total   int  // passages that the file has
	General bool // the question names nothing in it: these are its beginning and steps through it
	// Meaning is the model that compared meanings beside words; "" = words alone were compared. Unread says that there is such
	// a model, and that it has not read the file yet.
	Meaning string
	Unread  bool
	List    []Pick
}

// Pick is a passage with its words.
type Pick struct {
	Passage backend.Passage
	Text    string
	Score   float64
	By      attach.By // how it was found; 0 = it was not, or the list is General
	Picked  bool
	Seen    bool // it went in with an earlier question, and the model still sees it
}

// Chosen are the files with the passages that are picked.
func (p *Picking) Chosen() []backend.Attachment {
	out := slices.Clone(p.Files)
	for _, of := range p.Picks {
		a := &out[of.File]
		a.Partly, a.Passages = true, nil
		for _, k := range of.List {
			if k.Picked {
				a.Passages = append(a.Passages, k.Passage)
			}
		}
		slices.SortFunc(a.Passages, func(x, y backend.Passage) int { return cmp.Compare(x.Start, y.Start) })
	}
	return out
}

// Tokens are those of the passages that are picked.
func (p *Picking) Tokens() int {
	n := 0
	for _, of := range p.Picks {
		for _, k := range of.List {
			if k.Picked {
				n += k.Passage.Tokens
			}
		}
	}
	return n
}

const (
	mostCandidates = 40   // passages of a file that are offered
	mostPicked     = 4096 // tokens that are picked by themselves: more is slow to read, and seldom better
	passageFrame   = 12   // tokens around a passage
	worthPart      = 0.25 // of the best passage's score that another must have to be picked
)

// pick finds the passages that answer a question and picks the best that there is room for.
func (s *Service) pick(ctx context.Context, e engine.Chat, model backend.Model, p *Picking, path []backend.Message, question string) error {
	older, seen := recent(path)
	texts, rankings, worth, err := s.rank(ctx, p, question, older)
	if err != nil {
		return err
	}
	type candidate struct{ picks, at int }
	var all []candidate
	for i := range p.Picks {
		of, text := &p.Picks[i], texts[i]
		for _, k := range rankings[i].Ranked[:min(len(rankings[i].Ranked), mostCandidates)] {
			k.Passage.Tokens, err = s.counts.of(ctx, e, model, text[k.Passage.Start:k.Passage.End])
			if err != nil {
				return fmt.Errorf("count tokens: %w", err)
			}
			k.Passage.Tokens += passageFrame
			of.List = append(of.List, Pick{
				Passage: k.Passage, Text: text[k.Passage.Start:k.Passage.End], Score: k.Score, By: k.By,
				Seen: seen[sentPassage{p.Files[of.File].Text, k.Passage.Start}],
			})
			all = append(all, candidate{i, len(of.List) - 1})
		}
	}
	pick := func(c candidate) *Pick { return &p.Picks[c.picks].List[c.at] }
	slices.SortStableFunc(all, func(a, b candidate) int {
		if d := cmp.Compare(pick(b).Score, pick(a).Score); d != 0 {
			return d
		}
		return cmp.Compare(a.at, b.at) // files take turns where nothing else counts
	})
	left := min(p.Room, mostPicked)
	for _, c := range all {
		k := pick(c)
		good := p.Picks[c.picks].General || k.Score > 0 && k.Score >= worth
		if good && !k.Seen && k.Passage.Tokens <= left {
			k.Picked = true
			left -= k.Passage.Tokens
		}
	}
	return nil
}

// rank orders the passages of the files that do not fit, by words and, where there is a model for it, by meaning. worth is the
// score from which on a passage answers.
func (s *Service) rank(ctx context.Context, p *Picking, question, older string) (texts []string, rankings []attach.Ranking, worth float64, err error) {
	var near Nearness
	if s.meaning != nil && attach.Asks(question) {
		near = s.meaning.Ask(ctx, question, older)
	}
	var fused []attach.Ranking
	for i := range p.Picks {
		of := &p.Picks[i]
		a := p.Files[of.File]
		text, err := s.AttachedText(ctx, a)
		if err != nil {
			return nil, nil, 0, err
		}
		passages := attach.Split(a.Kind, text)
		of.Total = len(passages)
		x := attach.NewIndex(text, passages)
		r := attach.Ranking{Whole: x.Whole(question, older)}
		if near != nil {
			r.Near, err = near.Near(ctx, a, text, passages)
			if ctx.Err() != nil {
				return nil, nil, 0, ctx.Err()
			}
			if of.Unread = err != nil; err != nil {
				s.log.Info("Passages are found by words alone", "error", err)
			} else {
				of.Meaning = near.Model()
			}
		}
		if r.Near == nil && !x.Names(question) && !x.Names(older) {
			of.General, r.Ranked = true, x.Spread()
		} else {
			r.Ranked = x.Rank(question, older)
			fused = append(fused, r) // which shares Ranked
		}
		texts, rankings = append(texts, text), append(rankings, r)
	}
	return texts, rankings, attach.Fuse(fused), nil
}

// sentPassage names a passage of a text.
type sentPassage struct {
	text  string
	start int
}

// recent are the words of the last turns, and the passages that the model still sees.
func recent(path []backend.Message) (older string, seen map[sentPassage]bool) {
	seen = map[sentPassage]bool{}
	var from int64
	var words []string
	for i, m := range path {
		if m.Role == backend.RoleAssistant {
			from = m.SeenFrom
		}
		if len(path)-i <= 3 {
			text := m.Text
			if m.Role == backend.RoleAssistant {
				text = prompt.Split(text).Answer
			}
			const most = 1000 // bytes of a turn
			words = append(words, strings.ToValidUTF8(text[:min(len(text), most)], ""))
		}
	}
	for _, m := range path {
		if m.ID < from {
			continue
		}
		for _, a := range m.Attachments {
			for _, p := range a.Passages {
				seen[sentPassage{a.Text, p.Start}] = true
			}
		}
	}
	return strings.Join(words, "\n"), seen
}
