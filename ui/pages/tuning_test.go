package pages

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
)

func TestEverySettingIsReadBackAsItWasSet(t *testing.T) {
	names := map[string]bool{}
	for _, u := range tunablesOf(true) {
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
	if a, b := len(tunablesOf(false)), len(tunablesOf(true)); a >= b {
		t.Errorf("the embedded engine has %d settings, the current one %d", a, b)
	}
}

func TestSettingsInWordsAreReadOrRefused(t *testing.T) {
	for _, w := range writtens {
		for text, ok := range map[string]map[string]bool{
			"JSON schema": {"": true, `{"type":"object"}`: true, "[1]": false, "{": false},
			"Grammar":     {"": true, "root ::= [a-z]+": true, "word": false},
			"Logit bias":  {"": true, "12 -2.5\n7 -100": true, "12": false, "12 x": false, "-1 1": false, "1 NaN": false, "1 101": false, "99999999999 1": false},
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
