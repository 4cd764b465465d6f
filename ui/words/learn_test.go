package words

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"
	"testing"

	"loam/ui/guide"
)

// Every place that an error may lead to is a heading of the guide, also those that no case of the other test reaches.
func TestEveryErrorLeadsToAHeadingOfTheGuide(t *testing.T) {
	g, err := guide.Load(os.DirFS("../../assets"))
	if err != nil {
		t.Fatal(err)
	}
	file, err := parser.ParseFile(token.NewFileSet(), "learn.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	ast.Inspect(file, func(n ast.Node) bool {
		lit, ok := n.(*ast.BasicLit)
		if !ok || lit.Kind != token.STRING {
			return true
		}
		link, err := strconv.Unquote(lit.Value)
		if err != nil {
			t.Fatal(err)
		}
		seen++
		if _, ok := g.Find(link, -1); !ok || !strings.Contains(link, "#") {
			t.Errorf("the guide has no %q", link)
		}
		return true
	})
	if seen < 10 {
		t.Errorf("only %d places were looked at", seen)
	}
}
