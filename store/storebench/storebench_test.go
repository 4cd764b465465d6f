package storebench

import (
	"testing"

	"loam/backend"
)

func TestEveryFigureIsMeasured(t *testing.T) {
	figures, err := Run(t.Context(), 2*perChat+1)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, f := range figures {
		if f.Name == "" || seen[f.Name] || f.Value <= 0 || f.Unit == "" || (f.Better != backend.BetterLower && f.Better != backend.BetterHigher) {
			t.Errorf("figure %+v", f)
		}
		seen[f.Name] = true
	}
	if len(figures) != 17 {
		t.Errorf("%d figures", len(figures))
	}
}
