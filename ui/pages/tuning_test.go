package pages

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
)

func TestEverySettingIsReadBackAsItWasSet(t *testing.T) {
	names := map[string]bool{}
	for _, u := range tunablesOf(nil) {
		var s backend.Sampling
		v := u.low + (u.high-u.low)/2
		if u.whole {
			v = float64(int(v))
		}
		u.set(&s, v)
		if got := u.number(u.get(&s)); got != u.number(v) {
			t.Errorf("%s is %s after %s", u.name, got, u.number(v))
		}
		if names[u.name] || u.help == "" {
			t.Errorf("%s is there twice, or without a sentence", u.name)
		}
		names[u.name] = true
	}
}

func TestOnlySettingsThatActAreShown(t *testing.T) {
	names := map[string]bool{}
	can := backend.Capabilities{Grammar: true}
	for _, u := range tunablesOf(nil) {
		if names[u.member()] || u.member() == "" {
			t.Errorf("%s is the member %q", u.name, u.member())
		}
		names[u.member()] = true
		can.Samplers = append(can.Samplers, u.member())
	}
	if d := cmp.Diff(len(tunablesOf(nil)), len(tunablesOf(&can))); d != "" {
		t.Error(d)
	}
	can.Samplers = []string{"temperature", "mirostat"}
	var got []string
	for _, u := range tunablesOf(&can) {
		got = append(got, u.name)
	}
	if d := cmp.Diff([]string{"Temperature", "Reply limit", "Mirostat"}, got); d != "" {
		t.Error(d)
	}
	got = nil
	for _, w := range writtens {
		if w.acts(can) {
			got = append(got, w.name)
		}
	}
	if d := cmp.Diff([]string{"Grammar"}, got); d != "" {
		t.Error(d)
	}
}

func TestSettingsInWordsAreReadOrRefused(t *testing.T) {
	for _, w := range writtens {
		for text, ok := range map[string]map[string]bool{
			"JSON schema":  {"": true, `{"type":"object"}`: true, "[1]": false, "{": false},
			"Grammar":      {"": true, "root ::= [a-z]+": true, "word": false},
			"Logit bias":   {"": true, "12 -2.5\n7 -100": true, "12": false, "12 x": false, "-1 1": false, "1 NaN": false, "1 101": false, "99999999999 1": false},
			"DRY breakers": {"": true, `\n` + "\n:": true, `a\\nb`: true, strings.Repeat("x", 41): false, strings.Repeat("x\n", 65): false},
		}[w.name] {
			var s backend.Sampling
			err := w.set(&s, text)
			if (err == nil) != ok {
				t.Errorf("%s %q: %v", w.name, text, err)
			}
			if ok {
				if d := cmp.Diff(text, w.get(&s)); d != "" {
					t.Errorf("%s: %s", w.name, d)
				}
			}
		}
	}
}
