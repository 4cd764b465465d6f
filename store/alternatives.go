package store

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"loam/backend"
)

// Bounds of what is kept. Texts come out of model files, which nobody can trust.
const (
	maxChoiceBytes = 4 << 10  // of one token's alternatives; those of a token that need more are not kept
	maxChoices     = 16 << 10 // tokens of one reply
)

// KeepAlternatives stores what else could have stood in a reply, from its token first on: one list per token. What is
// beyond the bounds is not kept; that is no error.
func (s *Store) KeepAlternatives(ctx context.Context, messageID int64, first int, list [][]backend.TokenAlt) error {
	if first < 0 {
		return fmt.Errorf("keep alternatives: a place of %d", first)
	}
	list = list[:min(len(list), max(maxChoices-first, 0))]
	if len(list) == 0 {
		return nil
	}
	return s.write(ctx, "keep alternatives", func(tx *sql.Tx) error {
		return insertAlternatives(ctx, tx, messageID, first, list)
	})
}

func insertAlternatives(ctx context.Context, tx *sql.Tx, messageID int64, first int, list [][]backend.TokenAlt) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO reply_alternatives (message_id, first, choices) VALUES (?, ?, ?)
		ON CONFLICT (message_id, first) DO UPDATE SET choices = excluded.choices`, messageID, first, packAlternatives(list))
	return err
}

// alternativesIn reads what is kept of a reply's tokens before end.
func alternativesIn(ctx context.Context, tx *sql.Tx, messageID int64, end int) (map[int][]backend.TokenAlt, error) {
	rows, err := tx.QueryContext(ctx, "SELECT first, choices FROM reply_alternatives WHERE message_id = ? AND first < ? ORDER BY first", messageID, end)
	if err != nil {
		return nil, err
	}
	type kept struct {
		first   int
		choices []byte
	}
	list, err := collect(rows, func(r oneRow) (k kept, err error) { return k, r.Scan(&k.first, &k.choices) })
	if err != nil {
		return nil, err
	}
	out := map[int][]backend.TokenAlt{}
	for _, k := range list {
		alts, err := unpackAlternatives(k.choices)
		if err != nil {
			return nil, err
		}
		for i, a := range alts {
			if k.first+i < end && len(a) > 0 {
				out[k.first+i] = a
			}
		}
	}
	return out, nil
}

// Alternatives returns the tokens of a reply of which alternatives are kept, in order.
func (s *Store) Alternatives(ctx context.Context, messageID int64) (list []backend.TokenChoice, err error) {
	err = s.read(ctx, "read alternatives", func(tx *sql.Tx) error {
		tokens, err := tokensIn(ctx, tx, messageID)
		if err != nil {
			return err
		}
		list, err = choicesIn(ctx, tx, messageID, tokens)
		return err
	})
	return list, err
}

func choicesIn(ctx context.Context, tx *sql.Tx, messageID int64, tokens []int32) ([]backend.TokenChoice, error) {
	kept, err := alternativesIn(ctx, tx, messageID, len(tokens))
	if err != nil {
		return nil, err
	}
	list := make([]backend.TokenChoice, 0, len(kept))
	for i, id := range tokens {
		if alts := kept[i]; len(alts) > 0 {
			list = append(list, backend.TokenChoice{Index: i, ID: id, Alts: alts})
		}
	}
	return list, nil
}

// BranchReply stores a running reply that begins as another one did: with the tokens of g and the text of reply. The
// alternatives of the other one's tokens come along as far as g.Tokens goes. It becomes the leaf.
func (s *Store) BranchReply(ctx context.Context, reply backend.Message, g backend.Generation, from int64, owner backend.Owner) (backend.Message, error) {
	err := s.write(ctx, "branch reply", func(tx *sql.Tx) (err error) {
		if reply, err = s.insertReply(ctx, tx, reply, owner); err != nil {
			return err
		}
		if g.MessageID = reply.ID; g.Tokens == nil {
			g.Tokens = []int32{}
		}
		if err := recordPrompt(ctx, tx, g); err != nil {
			return err
		}
		kept, err := alternativesIn(ctx, tx, from, len(g.Tokens))
		if err != nil {
			return err
		}
		list := make([][]backend.TokenAlt, len(g.Tokens))
		for i := range list {
			list[i] = kept[i]
		}
		if len(kept) > 0 {
			if err := insertAlternatives(ctx, tx, reply.ID, 0, list); err != nil {
				return err
			}
		}
		reply, err = messageIn(ctx, tx, reply.ID)
		return err
	})
	return reply, err
}

// What a row holds, token by token: the number of alternatives, then for each the token, its log-probability (4 bytes,
// little-endian), the length of its text times four plus two marks, and the text. All other numbers are unsigned varints.
const (
	markBytes   = 1 // the text is bytes that are not UTF-8
	markControl = 2 // the text is the name of a control token
)

func packAlternatives(list [][]backend.TokenAlt) []byte {
	var out []byte
	for _, alts := range list {
		begin := len(out)
		out = binary.AppendUvarint(out, uint64(len(alts)))
		valid := len(alts) <= backend.MaxAlternatives+1
		for _, a := range alts {
			text, mark := clean(a.Text), uint64(0)
			if a.Bytes != nil {
				text, mark = string(a.Bytes), markBytes
			}
			if a.Control {
				mark |= markControl
			}
			valid = valid && a.ID >= 0
			out = binary.AppendUvarint(out, uint64(uint32(a.ID)))
			out = binary.LittleEndian.AppendUint32(out, math.Float32bits(a.LogProb))
			out = binary.AppendUvarint(out, uint64(len(text))<<2|mark)
			if len(out)-begin+len(text) > maxChoiceBytes {
				valid = false
				break
			}
			out = append(out, text...)
		}
		if !valid {
			out = append(out[:begin], 0) // none
		}
	}
	return out
}

// unpackAlternatives is the inverse of packAlternatives. It fails on anything that would not write.
func unpackAlternatives(packed []byte) (list [][]backend.TokenAlt, err error) {
	damaged := errors.New("a list of alternatives is damaged")
	number := func(most uint64) (uint64, bool) {
		n, size := binary.Uvarint(packed)
		if size <= 0 || n > most {
			return 0, false
		}
		packed = packed[size:]
		return n, true
	}
	for len(packed) > 0 {
		n, ok := number(backend.MaxAlternatives + 1)
		if !ok || len(list) >= maxChoices {
			return nil, damaged
		}
		var alts []backend.TokenAlt
		for range n {
			id, ok := number(math.MaxInt32)
			if !ok || len(packed) < 4 {
				return nil, damaged
			}
			prob := math.Float32frombits(binary.LittleEndian.Uint32(packed))
			packed = packed[4:]
			size, ok := number(maxChoiceBytes << 2)
			if !ok || int(size>>2) > len(packed) || prob != prob {
				return nil, damaged
			}
			text := packed[:size>>2]
			packed = packed[size>>2:]
			a := backend.TokenAlt{ID: int32(id), Text: clean(string(text)), LogProb: prob, Control: size&markControl != 0}
			if size&markBytes != 0 {
				a.Bytes = append([]byte{}, text...)
			}
			alts = append(alts, a)
		}
		list = append(list, alts)
	}
	return list, nil
}
