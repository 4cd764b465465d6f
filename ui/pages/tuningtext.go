package pages

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"loam/backend"
	"loam/ui/theme"
	"loam/ui/widgets"
)

// written is a setting that is written in words: what it does, how it is read and shown.
type written struct {
	name, help string
	get        func(s *backend.Sampling) string
	set        func(s *backend.Sampling, text string) error
	acts       func(can backend.Capabilities) bool
}

// writtens bound what a reply may hold.
var writtens = []written{
	{
		"JSON schema", "The reply is JSON of this schema. Empty = any text.",
		func(s *backend.Sampling) string { return s.JSONSchema },
		func(s *backend.Sampling, text string) error {
			var v map[string]any
			if text != "" && json.Unmarshal([]byte(text), &v) != nil {
				return fmt.Errorf("the JSON schema is not a JSON object")
			}
			s.JSONSchema = text
			return nil
		}, func(can backend.Capabilities) bool { return can.Schema },
	},
	{
		"Grammar", "The reply follows this grammar in llama.cpp's GBNF notation, which begins with root ::=. Empty = any text.",
		func(s *backend.Sampling) string {
			if s.Grammar == nil {
				return ""
			}
			return s.Grammar.Text
		},
		func(s *backend.Sampling, text string) error {
			switch {
			case text == "":
				s.Grammar = nil
			case !strings.Contains(text, "root") || !strings.Contains(text, "::="):
				return fmt.Errorf("the grammar has no rule named root, written as root ::= and what it stands for")
			default:
				s.Grammar = &backend.Grammar{Text: text}
			}
			return nil
		}, func(can backend.Capabilities) bool { return can.Grammar },
	},
	{
		"Logit bias", "One line per token: its number and what is added to its logit, as 1234 -2.5. -100 forbids the token.",
		func(s *backend.Sampling) string {
			var lines []string
			for _, b := range s.LogitBias {
				lines = append(lines, fmt.Sprintf("%d %s", b.ID, strconv.FormatFloat(float64(b.Bias), 'f', -1, 32)))
			}
			return strings.Join(lines, "\n")
		},
		setBias, func(can backend.Capabilities) bool { return slices.Contains(can.Samplers, "logit_bias") },
	},
	{
		"DRY breakers", "What ends a repetition for DRY, one a line; \\n is the end of a line. Empty = \\n, a colon, a quotation mark and a star.",
		func(s *backend.Sampling) string {
			var lines []string
			for _, b := range s.DRYBreakers {
				lines = append(lines, strings.ReplaceAll(strings.ReplaceAll(b, `\`, `\\`), "\n", `\n`))
			}
			return strings.Join(lines, "\n")
		},
		setBreakers, func(can backend.Capabilities) bool { return slices.Contains(can.Samplers, "dry_multiplier") },
	},
}

// mostBreakers and longestBreaker bound what DRY looks for at every token.
const mostBreakers, longestBreaker = 64, 40

func setBreakers(s *backend.Sampling, text string) error {
	var list []string
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.NewReplacer(`\\`, `\`, `\n`, "\n").Replace(line)
		switch {
		case line == "":
		case len(list) >= mostBreakers || len(line) > longestBreaker:
			return fmt.Errorf("the DRY breakers are at most %d lines of at most %d bytes", mostBreakers, longestBreaker)
		default:
			list = append(list, line)
		}
	}
	s.DRYBreakers = list
	return nil
}

// mostBiases bounds how many tokens may be biased.
const mostBiases = 1000

func setBias(s *backend.Sampling, text string) error {
	var list []backend.TokenBias
	for _, line := range strings.Split(text, "\n") {
		f := strings.Fields(strings.ReplaceAll(line, ",", "."))
		if len(f) == 0 {
			continue
		}
		if len(f) != 2 || len(list) >= mostBiases {
			return fmt.Errorf("a line of the logit bias is a token's number and a value, as 1234 -2.5")
		}
		id, err1 := strconv.ParseInt(strings.TrimSuffix(f[0], ":"), 10, 32)
		bias, err2 := strconv.ParseFloat(f[1], 32)
		if err1 != nil || err2 != nil || id < 0 || bias < -100 || bias > 100 || bias != bias {
			return fmt.Errorf("the logit bias %q is not a token's number and a value from -100 to 100", strings.TrimSpace(line))
		}
		list = append(list, backend.TokenBias{ID: int32(id), Bias: float32(bias)})
	}
	s.LogitBias = list
	return nil
}

// writtenRow is a setting in words: name and help, and the text under them.
func (t *tuning) writtenRow(w written) fyne.CanvasObject {
	f := widgets.NewArea("")
	f.SetMinRowsVisible(2)
	f.SetText(w.get(&t.sampling))
	take := func() {
		if err := w.set(&t.sampling, strings.TrimSpace(f.Text)); err != nil {
			t.complain(err)
			return
		}
		t.complain(nil)
		t.marks()
		t.store()
	}
	f.OnFocus = func(in bool) {
		if !in {
			take()
		}
	}
	back := widgets.NewIconButton(theme.Icon(theme.IconUndo), "Back to the default", nil)
	back.Small = true
	back.OnTapped = func() { f.SetText(""); take() }
	t.areas, t.clears, t.writtens = append(t.areas, f), append(t.clears, back), append(t.writtens, w)
	words := container.New(widgets.Column{Gap: 1}, widgets.NewLabel(w.name, widgets.LabelStyle{}), widgets.Quiet(w.help))
	return container.New(widgets.Column{Gap: 4}, container.New(widgets.Row{Gap: 8, Grow: 1}, words, back), f)
}
