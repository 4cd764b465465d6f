package enginetest

import (
	"strings"
)

// The vocabulary: one token per byte, a few control tokens, then words.
const (
	tokenBOS int32 = 256 + iota
	tokenEnd       // end of generation
	tokenSystem
	tokenUser
	tokenAssistant
	firstWord
)

var controls = []struct {
	text string
	id   int32
}{{"<|begin|>", tokenBOS}, {"<|end|>", tokenEnd}, {"<|system|>", tokenSystem}, {"<|user|>", tokenUser}, {"<|assistant|>", tokenAssistant}}

var words = strings.Split(" the| a| of| and| to| in| is| it| that| was| for| on| are| as| with| they| at| be| this| have| from| or| one|"+
	" had| by| but| not| what| all| were| we| when| your| can| said| there| use| an| each| which| she| do| how| their| if| will| up|"+
	" other| about| out| many| then| them| these| so| some| her| would| make| like| him| into| time| has| look| two| more| write|"+
	" go| see| number| no| way| could| people| my| than| first| water| been| call| who| oil| its| now| find| long| down| day| did|"+
	" get| come| made| may| part| light| house| stone| river| garden| quiet| morning|The|It|A|In|We|When| loam| soil| seed| leaf|.|,|;|?|!|\n|\n\n|ing|ed|s", "|")

var wordIDs = func() map[string]int32 {
	m := make(map[string]int32, len(words))
	for i, w := range words {
		m[w] = firstWord + int32(i)
	}
	return m
}()

var (
	vocabSize   = int(firstWord) + len(words)
	longestWord = func() int {
		n := 0
		for _, w := range words {
			n = max(n, len(w))
		}
		return n
	}()
)

// piece is the text of a token; control tokens have none.
func piece(id int32) []byte {
	switch {
	case id < 0:
		return nil
	case id < 256:
		return []byte{byte(id)}
	case id >= firstWord && int(id) < vocabSize:
		return []byte(words[id-firstWord])
	}
	return nil
}

// name is what a control token is called.
func name(id int32) string {
	for _, c := range controls {
		if c.id == id {
			return c.text
		}
	}
	return ""
}

// tokenize takes the longest word at each place, else a byte.
func tokenize(text string, special bool) []int32 {
	var ids []int32
	if special {
		ids = append(ids, tokenBOS)
	}
next:
	for len(text) > 0 {
		if special && text[0] == '<' {
			for _, c := range controls {
				if rest, ok := strings.CutPrefix(text, c.text); ok {
					ids, text = append(ids, c.id), rest
					continue next
				}
			}
		}
		for n := min(longestWord, len(text)); n > 0; n-- {
			if id, ok := wordIDs[text[:n]]; ok {
				ids, text = append(ids, id), text[n:]
				continue next
			}
		}
		ids, text = append(ids, int32(text[0])), text[1:]
	}
	return ids
}

// textOf is what tokens say, control tokens included: for traps that wait for words.
func textOf(ids []int32) string {
	var b strings.Builder
	for _, id := range ids {
		b.Write(piece(id))
		for _, c := range controls {
			if c.id == id {
				b.WriteString(c.text)
			}
		}
	}
	return b.String()
}

// follows are the bytes that must come after another one: the fake writes é, 語 and 🙃 in pieces.
var follows = map[int32]int32{0xC3: 0xA9, 0xE8: 0xAA, 0xAA: 0x9E, 0xF0: 0x9F, 0x9F: 0x99, 0x99: 0x83}
