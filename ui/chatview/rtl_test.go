package chatview

import (
	"strings"
	"testing"
)

func TestATableOfArabicBeginsOnTheRight(t *testing.T) {
	narrow := "| الاسم | القيمة |\n|---|---|\n| تفاحة | 12 |\n"
	f := show(t, 720, 480, Item{ID: 1, Role: RoleAssistant, Text: narrow})
	if name, value := f.textAt(t, "الاسم").X, f.textAt(t, "القيمة").X; name <= value || name < f.column.x+f.column.width*0.8 {
		t.Errorf("the first heading stands at %v, the second at %v, the column ends at %v", name, value, f.column.x+f.column.width)
	}
	wide := strings.Repeat("| كلمةطويلةجدالاتنكسر ", 12) + "|\n" + strings.Repeat("|---", 12) + "|\n| البداية " + strings.Repeat("| وسط ", 10) + "| النهاية |\n"
	f = show(t, 720, 480, Item{ID: 1, Role: RoleAssistant, Text: wide})
	f.inside(t)
	if !f.sees("البداية") || f.sees("النهاية") || len(f.slideBars) != 1 {
		t.Fatalf("%d bars, on screen %q", len(f.slideBars), f.words())
	}
	f.slideAt(t, "البداية", 1e6)
	f.inside(t)
	if f.sees("البداية") || !f.sees("النهاية") {
		t.Errorf("slid to its end: %q", f.words())
	}
}

func TestMarkersOfArabicListsStandOnTheRightWithTheirPointOnTheLeft(t *testing.T) {
	f := show(t, 720, 480, Item{ID: 1, Role: RoleAssistant, Text: "1. العنصر الأول\n2. العنصر الثاني\n\n- نقطة\n\nText\n\n3) third\n"})
	for _, want := range []string{".1", ".2", "•", "3)"} {
		if !f.sees(want) {
			t.Errorf("%q is not on screen: %q", want, f.words())
		}
	}
	if marker, text := f.textAt(t, ".1").X, f.textAt(t, "الأول").X; marker <= text {
		t.Errorf("the marker stands at %v, its text at %v", marker, text)
	}
}
