package meaning

import (
	"strings"

	"loam/backend"
)

// affixVersion grows when documents are embedded with other words around them.
const affixVersion = 1

// affix are the words that a family of embedding models was trained to see before a question and before a text. %t stands for the
// title of a text.
type affix struct{ before, beforeText string }

const task = "Given a question, retrieve passages that answer it"

// affixes are found by the model's name, in any case and with any signs between its parts; the first that matches counts. The words
// are those of the models' own cards.
var affixes = []struct {
	parts []string // all of them stand in the name
	affix affix
}{
	{[]string{"e5", "instruct"}, affix{"Instruct: " + task + "\nQuery: ", ""}},
	{[]string{"e5", "mistral"}, affix{"Instruct: " + task + "\nQuery: ", ""}},
	{[]string{"e5"}, affix{"query: ", "passage: "}},
	{[]string{"nomic", "embed"}, affix{"search_query: ", "search_document: "}},
	{[]string{"modernbert", "embed"}, affix{"search_query: ", "search_document: "}},
	{[]string{"qwen3", "embedding"}, affix{"Instruct: " + task + "\nQuery:", ""}},
	{[]string{"embeddinggemma"}, affix{"task: search result | query: ", "title: %t | text: "}},
	{[]string{"gemma", "embedding"}, affix{"task: search result | query: ", "title: %t | text: "}},
	{[]string{"bge", "m3"}, affix{}},
	{[]string{"bge", "zh"}, affix{"为这个句子生成表示以用于检索相关文章：", ""}},
	{[]string{"bge", "en"}, affix{"Represent this sentence for searching relevant passages: ", ""}},
	{[]string{"mxbai", "embed"}, affix{"Represent this sentence for searching relevant passages: ", ""}},
	{[]string{"arctic", "embed", "v2"}, affix{"query: ", ""}},
	{[]string{"arctic", "embed"}, affix{"Represent this sentence for searching relevant passages: ", ""}},
}

// affixOf finds the words of a model; none where its family needs none or is not known.
func affixOf(m backend.Model) affix {
	name := m.Name + " " + m.Source
	if m.Family == "gemma-embedding" {
		name += " embeddinggemma"
	}
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return strings.ContainsRune(" -_./:", r) })
	has := func(part string) bool {
		for _, w := range words {
			// Short parts are whole words: "e5" stands in many a name.
			if w == part || len(part) > 3 && strings.Contains(w, part) || part == "v2" && strings.HasPrefix(w, "v2") {
				return true
			}
		}
		return false
	}
next:
	for _, a := range affixes {
		for _, part := range a.parts {
			if !has(part) {
				continue next
			}
		}
		return a.affix
	}
	return affix{}
}

func (a affix) query(text string) string { return a.before + text }

func (a affix) document(title, text string) string {
	if title == "" {
		title = "none"
	}
	return strings.ReplaceAll(a.beforeText, "%t", strings.Join(strings.Fields(title), " ")) + text
}
