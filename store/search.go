package store

import (
	"context"
	"database/sql"
	"strings"
	"unicode"
	"unicode/utf8"

	"loam/backend"
)

// Hit is a message that was found. Message has no Text; Snippet is the part around the first match, on one line, and
// Marks are the byte ranges of the matches in it. Where the words stand in a file of the message, File is that file, and Place
// the first part of it that has them; nil = they are in its name.
type Hit struct {
	Chat    backend.Chat
	Message backend.Message
	Snippet string
	Marks   [][2]int
	File    *backend.Attachment
	Place   *backend.Passage
}

// The runes that mark a match in what SQLite returns. They are noncharacters: no text of a person has them.
const (
	markStart = "\uFDD0"
	markEnd   = "\uFDD1"
)

// snippetRunes is how much of a message a hit shows where SQLite does not cut it.
const snippetRunes = 120

// question is a query cut into what the three kinds of lookup can answer.
type question struct {
	words     string   // FTS5 expression over words; "" = none
	trigrams  string   // FTS5 expression over trigrams; "" = none
	contained []string // must be contained: one or two characters of a script without spaces, or signs
	unspaced  bool     // one of contained is of a script without spaces
	substring string   // all words again as an expression over trigrams, for matches within words; "" = not possible
}

// unspaced are the scripts that write words without spaces between them: a word index cannot answer for them.
var unspaced = []*unicode.RangeTable{
	unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar,
}

// unspacedGlob is the condition of the index messages_unspaced, letter by letter; it covers the scripts above.
const unspacedGlob = "*[฀-໿က-ᇿក-៿⺀-힣豈-﫿𠀀-𿿿]*"

func ask(query string) question {
	var q question
	var words, trigrams, substrings []string
	terms := splitQuery(clean(query))
	short := false
	for i, t := range terms {
		quoted := `"` + strings.ReplaceAll(t.text, `"`, `""`) + `"`
		runes := utf8.RuneCountInString(t.text)
		switch {
		case strings.IndexFunc(t.text, func(r rune) bool { return unicode.In(r, unspaced...) }) >= 0:
			if runes < 3 {
				q.contained, q.unspaced = append(q.contained, t.text), true
			} else {
				trigrams = append(trigrams, quoted)
			}
		case strings.IndexFunc(t.text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }) < 0:
			// Signs alone are not in the word index: "->", "++".
			if runes < 3 {
				q.contained = append(q.contained, t.text)
			} else {
				trigrams = append(trigrams, quoted)
			}
		default:
			substrings = append(substrings, quoted)
			short = short || runes < 3
			if i == len(terms)-1 && !t.phrase {
				quoted += " *" // the person may still be typing it
			}
			words = append(words, quoted)
		}
	}
	q.words, q.trigrams = strings.Join(words, " "), strings.Join(trigrams, " ")
	if len(substrings) > 0 && !short {
		q.substring = strings.Join(append(substrings, trigrams...), " ")
	}
	return q
}

type term struct {
	text   string
	phrase bool
}

// splitQuery cuts at spaces; "quoted words" stay together.
func splitQuery(query string) []term {
	var terms []term
	for query = strings.TrimSpace(query); query != ""; query = strings.TrimSpace(query) {
		if rest, ok := strings.CutPrefix(query, `"`); ok {
			text, after, _ := strings.Cut(rest, `"`)
			if text = strings.TrimSpace(text); text != "" {
				terms = append(terms, term{text, true})
			}
			query = after
			continue
		}
		end := strings.IndexFunc(query, func(r rune) bool { return unicode.IsSpace(r) || r == '"' })
		if end < 0 {
			end = len(query)
		}
		terms = append(terms, term{query[:end], false})
		query = query[end:]
	}
	return terms
}

// ground is what a search looks in. Its rows are called m; the two indexes have their IDs.
type ground struct {
	words, trigrams string // FTS5 tables
	table, joined   string // the rows, and what else is read with them
	text            string // of a row, as far as it is indexed
	unspaced        string // the index of rows in scripts without spaces
	beyond          string // what else that index asks of its rows
	live            string // rows that can be found
	columns         string
}

var inMessages = ground{
	words: "search_words", trigrams: "search_trigrams", table: "messages m", joined: " CROSS JOIN chats c ON c.id = m.chat_id",
	text: "substr(m.text, 1, 262144)", unspaced: "messages_unspaced", beyond: " AND octet_length(m.text) > length(m.text)", live: "m.state <> 1 AND c.deleted_ms IS NULL",
	columns: `m.chat_id, coalesce(m.parent, 0), m.role, m.state, coalesce(m.model_id, 0), m.model_name, m.created_ms, ` + chatColumns,
}

// hit is a row that was found.
type hit[T any] struct {
	of      T
	id      int64
	snippet string
	marks   [][2]int
}

// SearchMessages finds messages that have all the words of query, the newest first, outside of the trash. Letters match
// without case and diacritics, the last word also as a beginning, "words in quotes" as they stand. When whole words
// give less than limit hits, matches within words follow. Running replies are found when they have ended, and of a very
// long message the first 262,144 characters.
func (s *Store) SearchMessages(ctx context.Context, query string, limit int) ([]Hit, error) {
	found, err := searchIn(ctx, s, inMessages, query, limit, func(h *Hit) []any {
		m := &h.Message
		return append([]any{
			&m.ChatID, &m.Parent, &m.Role, &m.State, &m.ModelID, &m.ModelName, msColumn{&m.Created},
		}, chatFields(&h.Chat)...)
	})
	var hits []Hit
	for _, f := range found {
		f.of.Message.ID, f.of.Snippet, f.of.Marks = f.id, f.snippet, f.marks
		hits = append(hits, f.of)
	}
	return hits, err
}

// searchIn finds rows by the words of a query; fields says where the columns of one go.
func searchIn[T any](ctx context.Context, s *Store, in ground, query string, limit int, fields func(*T) []any) (hits []hit[T], err error) {
	q := ask(query)
	if limit <= 0 {
		limit = 50
	}
	err = s.read(ctx, "search", func(tx *sql.Tx) error {
		if hits, err = search(ctx, tx, in, q, limit, fields); err != nil || len(hits) >= limit || q.substring == "" {
			return err
		}
		more, err := search(ctx, tx, in, question{trigrams: q.substring, contained: q.contained}, limit, fields)
		if err != nil {
			return err
		}
		seen := map[int64]bool{}
		for _, h := range hits {
			seen[h.id] = true
		}
		for _, h := range more {
			if !seen[h.id] && len(hits) < limit {
				hits = append(hits, h)
			}
		}
		return nil
	})
	return hits, err
}

func search[T any](ctx context.Context, tx *sql.Tx, in ground, q question, limit int, fields func(*T) []any) ([]hit[T], error) {
	// FTS5 walks its matches from the newest on, so that LIMIT ends the work early: CROSS keeps the planner in this order.
	indexed := func(index, tokens string) string {
		return "SELECT snippet(" + index + ", 0, ?, ?, '…', " + tokens + "), m.id, " + in.columns + " FROM " + index +
			" f CROSS JOIN " + in.table + " ON m.id = f.rowid" + in.joined + " WHERE " + in.live + " AND f.text MATCH ?"
	}
	var sqlText string
	var args []any
	byText := false // the text itself comes back, for a snippet of our own
	switch {
	case q.words != "":
		sqlText = indexed(in.words, "24")
		args = append(args, markStart, markEnd, q.words)
		if q.trigrams != "" {
			sqlText += " AND m.id IN (SELECT rowid FROM " + in.trigrams + " WHERE text MATCH ?)"
			args = append(args, q.trigrams)
		}
	case q.trigrams != "":
		sqlText = indexed(in.trigrams, "64")
		args = append(args, markStart, markEnd, q.trigrams)
	case len(q.contained) > 0:
		byText = true
		sqlText = "SELECT " + in.text + ", m.id, " + in.columns + " FROM " + in.table
		if q.unspaced {
			sqlText += " INDEXED BY " + in.unspaced
		}
		sqlText += in.joined + " WHERE " + in.live
		if q.unspaced {
			sqlText += in.beyond + " AND " + in.text + " GLOB '" + unspacedGlob + "'"
		}
	default:
		return nil, nil
	}
	for _, text := range q.contained {
		sqlText += " AND " + in.text + ` LIKE ? ESCAPE '\'`
		args = append(args, "%"+strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text)+"%")
	}
	order := " ORDER BY m.id DESC LIMIT ?"
	if !byText {
		order = " ORDER BY f.rowid DESC LIMIT ?"
	}
	rows, err := tx.QueryContext(ctx, sqlText+order, append(args, limit)...)
	if err != nil {
		return nil, err
	}
	return collect(rows, func(row oneRow) (hit[T], error) {
		var h hit[T]
		err := row.Scan(append([]any{&h.snippet, &h.id}, fields(&h.of)...)...)
		if byText {
			h.snippet = cutAround(h.snippet, q.contained[0])
		}
		h.snippet, h.marks = splitMarks(h.snippet)
		return h, err
	})
}

// cutAround returns the part of text around the first match of part, with its matches marked.
func cutAround(text, part string) string {
	at := max(0, strings.Index(text, part))
	start, end := at, at
	for range snippetRunes / 3 {
		_, size := utf8.DecodeLastRuneInString(text[:start])
		start -= size
	}
	for range snippetRunes {
		_, size := utf8.DecodeRuneInString(text[end:])
		end += size
	}
	cut := strings.ReplaceAll(text[start:end], part, markStart+part+markEnd)
	if start > 0 {
		cut = "…" + cut
	}
	if end < len(text) {
		cut += "…"
	}
	return cut
}

// splitMarks puts a marked snippet on one line and takes the marks out into byte ranges.
func splitMarks(marked string) (string, [][2]int) {
	marked = strings.Join(strings.Fields(marked), " ")
	var plain strings.Builder
	var marks [][2]int
	for {
		before, after, found := strings.Cut(marked, markStart)
		plain.WriteString(before)
		if !found {
			break
		}
		match, rest, _ := strings.Cut(after, markEnd)
		start := plain.Len()
		plain.WriteString(match)
		marks = append(marks, [2]int{start, plain.Len()})
		marked = rest
	}
	return strings.ReplaceAll(plain.String(), markEnd, ""), marks
}
