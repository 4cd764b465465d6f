package transfer

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"loam/backend"
	"loam/store"
)

// node is a message of another program in its tree.
type node struct {
	id, parent string
	children   []string // in order; what they leave out is found by the parents
	draft      *draft   // nil = it is passed over, and what hangs under it hangs under its parent
	fold       bool     // belongs to the same reply as a node before it that folds too, unless there is a branch between
}

// grow makes a tree of nodes. Leaf is the node whose branch is shown.
func (r *reading) grow(nodes []node, leaf string) (*found, error) {
	if len(nodes) > maxMessages {
		return nil, fmt.Errorf("it has more than %d messages", maxMessages)
	}
	g := grower{nodes: nodes, at: make(map[string]int, len(nodes)), place: make([]int64, len(nodes))}
	for i, n := range nodes {
		g.at[n.id] = i
	}
	g.link()
	order := g.order()
	if len(order) < len(nodes) {
		circle := errors.New("its messages stand in a circle")
		if len(order) == 0 {
			return nil, circle
		}
		reached := make([]bool, len(nodes))
		for _, i := range order {
			reached[i] = true
		}
		lost := 0
		for i, n := range nodes {
			if !reached[i] && n.draft != nil {
				lost++
			}
		}
		if lost > 0 {
			r.lostMessages(lost, circle)
		}
	}
	f := &found{}
	f.Messages = g.messages(order)
	if i, ok := g.at[leaf]; ok {
		f.Chat.Leaf = g.place[i]
	}
	if f.Chat.Leaf == 0 {
		f.Chat.Leaf = int64(len(f.Messages))
	}
	return f, nil
}

type grower struct {
	nodes []node
	at    map[string]int // the index of a node by its id
	kids  [][]int
	roots []int
	place []int64 // in the finished tree; of one that is passed over or folded, that of the message above
}

// link finds the children of every node. The parents have the word; the lists of children only say the order.
func (g *grower) link() {
	g.kids = make([][]int, len(g.nodes))
	rank := make([]int, len(g.nodes))
	for _, n := range g.nodes {
		for i, c := range n.children {
			if at, ok := g.at[c]; ok {
				rank[at] = i + 1
			}
		}
	}
	for i, n := range g.nodes {
		if p, ok := g.at[n.parent]; ok && p != i {
			g.kids[p] = append(g.kids[p], i)
		} else {
			g.roots = append(g.roots, i)
		}
	}
	older := func(a, b int) int {
		if ra, rb := rank[a], rank[b]; ra != rb {
			if ra == 0 || rb == 0 {
				return rb - ra // those of the list first
			}
			return ra - rb
		}
		if da, db := g.nodes[a].draft, g.nodes[b].draft; da != nil && db != nil {
			if n := da.created.Compare(db.created); n != 0 {
				return n
			}
		}
		return strings.Compare(g.nodes[a].id, g.nodes[b].id)
	}
	slices.SortStableFunc(g.roots, older)
	for _, k := range g.kids {
		slices.SortStableFunc(k, older)
	}
}

// order lists the nodes so that parents come before their children. Those in a circle are in it nowhere.
func (g *grower) order() []int {
	out := make([]int, 0, len(g.nodes))
	stack := slices.Clone(g.roots)
	slices.Reverse(stack)
	for len(stack) > 0 {
		i := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		out = append(out, i)
		for _, k := range slices.Backward(g.kids[i]) {
			stack = append(stack, k)
		}
	}
	return out
}

// messages makes the messages and fills g.place.
func (g *grower) messages(order []int) []store.TreeMessage {
	above := make([]int, len(g.nodes)) // the node with words that a node hangs under, -1 = none
	heirs := make([]int, len(g.nodes)) // how many nodes with words hang right under one
	for _, i := range order {
		above[i] = -1
		if p, ok := g.at[g.nodes[i].parent]; ok && p != i {
			above[i] = p
			if g.nodes[p].draft == nil {
				above[i] = above[p]
			}
		}
		if g.nodes[i].draft != nil && above[i] >= 0 {
			heirs[above[i]]++
		}
	}
	var drafts []*draft
	var parents []int64
	for _, i := range order {
		n, parent := g.nodes[i], int64(0)
		if above[i] >= 0 {
			parent = g.place[above[i]]
		}
		switch {
		case n.draft == nil:
			g.place[i] = parent
		case n.fold && above[i] >= 0 && g.nodes[above[i]].fold && heirs[above[i]] == 1:
			g.place[i] = parent
			drafts[parent-1].add(n.draft)
		default:
			drafts, parents = append(drafts, n.draft), append(parents, parent)
			g.place[i] = int64(len(drafts))
		}
	}
	out := make([]store.TreeMessage, len(drafts))
	for i, d := range drafts {
		out[i] = d.message()
		out[i].Parent = parents[i]
	}
	return out
}

// add puts another part of the same reply behind what is there. How it ended is how the last part ended.
func (d *draft) add(o *draft) {
	d.reasoning, d.text = append(d.reasoning, o.reasoning...), append(d.text, o.text...)
	if o.model != "" {
		d.model = o.model
	}
	d.role = backend.RoleAssistant
	d.state, d.stop, d.err = o.state, o.stop, o.err
}
