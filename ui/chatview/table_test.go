package chatview

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestColumnsShareTheRoomBetweenWhatTheyMustHaveAndNeed(t *testing.T) {
	for _, tc := range []struct{ need, least, want []float32 }{
		{[]float32{50, 500, 500}, []float32{50, 80, 200}, []float32{50, 325, 325}},
		{[]float32{50, 500, 500}, []float32{50, 80, 400}, []float32{50, 250, 400}},
		{[]float32{900, 900}, []float32{400, 300}, []float32{400, 300}},
	} {
		got := share(tc.need, tc.least, 700)
		for i := range got {
			got[i] = round(got[i])
		}
		if d := cmp.Diff(tc.want, got); d != "" {
			t.Errorf("need %v, least %v: %s", tc.need, tc.least, d)
		}
	}
}

func TestColumnsNeverTakeMoreThanTheRoom(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 20).Draw(t, "columns")
		need, least := make([]float32, n), make([]float32, n)
		total := float32(0)
		for i := range need {
			need[i] = float32(rapid.IntRange(40, 2000).Draw(t, "need"))
			least[i] = min(float32(rapid.IntRange(40, 400).Draw(t, "least")), need[i])
			total += need[i]
		}
		room := max(min(total, 700), sum(least))
		got := share(need, least, room)
		for i, w := range got {
			if w > need[i]+0.01 || w < least[i]-0.01 {
				t.Fatalf("column %d of %v, %v gets %v", i, need, least, w)
			}
		}
		if used := sum(got); used > room+1 || used < room-1 {
			t.Fatalf("%v of %v are used", used, room)
		}
	})
}
