package modelfile

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"loam/backend"
)

// LoRAMatch says how a LoRA's tensors fit the tensors of a picture model, judged by names and shapes alone.
type LoRAMatch struct {
	Matched int // tensors that have their place in the model, in the right shape
	Total   int // tensors of the LoRA
	// Misfits are tensors whose place is there in another shape, or that do not go together: the engine must not see them.
	// Only the first few are kept, in the order of their names; Wrong counts them all.
	Misfits []Misfit
	Wrong   int
	// Known is false where the names of the model's family are not understood well enough: then only Misfits say
	// something, and the engine has to count.
	Known bool
}

// Misfit is a group of tensors of a LoRA that cannot be applied.
type Misfit struct {
	Name   string // of the layer, as the LoRA writes it
	Reason string // a clause
}

const keptMisfits = 4

// Reason is why the LoRA cannot be used with the model, as one clause; "" when it can.
func (m LoRAMatch) Reason() string {
	switch {
	case len(m.Misfits) > 0:
		return fmt.Sprintf("its shapes do not fit this model: %s %s", quoted(m.Misfits[0].Name), m.Misfits[0].Reason)
	case m.Matched == 0 && m.Known:
		return fmt.Sprintf("it was made for another kind of model: none of its %d tensors has a place in this one", m.Total)
	}
	return ""
}

// MatchLoRA compares a LoRA with the files of a picture model: its checkpoint or diffusion model, and its text encoders
// where they are files of their own. It reads only headers. Errors are *backend.BadFile.
func MatchLoRA(lora string, base ...string) (LoRAMatch, error) {
	b := layers{}
	for _, path := range base {
		tensors, err := headerShapes(path)
		if err != nil {
			return LoRAMatch{}, err
		}
		b.addBase(tensors)
	}
	tensors, err := headerShapes(lora)
	if err != nil {
		return LoRAMatch{}, err
	}
	return b.match(tensors), nil
}

// headerShapes gives the dimensions of all tensors of a file, the outermost first.
func headerShapes(path string) (map[string][]int64, error) {
	fail := func(err error) (map[string][]int64, error) {
		if bad, ok := err.(*backend.BadFile); ok { //nolint:errorlint // the readers return it unwrapped
			return nil, &backend.BadFile{Path: path, Reason: bad.Reason}
		}
		return nil, &backend.BadFile{Path: path, Reason: "it cannot be read: " + osReason(err)}
	}
	file, err := open(path)
	if err != nil {
		return fail(missing(path, err))
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return fail(err)
	}
	if err := checkMode(info.Mode()); err != nil {
		return fail(err)
	}
	head := make([]byte, 4)
	if _, err := file.ReadAt(head, 0); err == nil && string(head) == "GGUF" {
		g, err := ReadGGUF(file, info.Size())
		if err != nil {
			return fail(err)
		}
		all := make(map[string][]int64, len(g.Tensors))
		for _, t := range g.Tensors {
			d := slices.Clone(t.Dims)
			slices.Reverse(d)
			all[t.Name] = d
		}
		return all, nil
	}
	s, err := ReadSafetensors(file, info.Size())
	if err != nil {
		return fail(err)
	}
	all := make(map[string][]int64, len(s.Tensors))
	for _, t := range s.Tensors {
		all[t.Name] = t.Dims
	}
	return all, nil
}

// place is a layer of the model. Layers that some tools write as one matrix and others as several (query, key, value)
// are known as one, with the rows of the parts beside it.
type place struct {
	rows  int64         // of the whole; 0 = the file has parts
	parts map[int]int64 // rows of each part
	in    []int64       // what a row has: inputs, then the kernel
	bias  int64         // values; 0 = none
}

// layers are the places of a model by section ("unet", "te1", ...) and canonical name.
type layers struct {
	places map[string]*place
	style  style
}

// group is what a LoRA says about one layer: the dimensions of its matrices by their role.
type group struct {
	name  string // as the file writes it
	key   string
	part  int // of a layer that is known as one; whole = all of it
	roles map[string][]int64
}

// match finds the place of every group. Parts of a layer count only when those before them are there, as the engine puts
// them together in order.
func (b *layers) match(tensors map[string][]int64) LoRAMatch {
	m := LoRAMatch{Total: len(tensors), Known: b.style.known()}
	groups := b.groups(tensors)
	present := map[string]map[int]bool{}
	for _, g := range groups {
		if present[g.key] == nil {
			present[g.key] = map[int]bool{}
		}
		present[g.key][g.part] = true
	}
	for _, g := range groups {
		p := b.places[g.key]
		if p == nil {
			continue
		}
		used, reason := g.fit(p)
		if reason != "" {
			m.Wrong += len(g.roles)
			if len(m.Misfits) < keptMisfits {
				m.Misfits = append(m.Misfits, Misfit{clip(g.name, 120), reason})
			}
			continue
		}
		for before := range max(0, g.part) {
			if !present[g.key][before] {
				used = 0
			}
		}
		m.Matched += used
	}
	return m
}

// groups sorts the tensors of a LoRA by layer.
func (b *layers) groups(tensors map[string][]int64) []group {
	byKey := map[string]*group{}
	for name, dims := range tensors {
		layer, role := loraRole(name)
		key, part := b.loraKey(layer)
		id := fmt.Sprint(key, "#", part)
		if byKey[id] == nil {
			byKey[id] = &group{name: layer, key: key, part: part, roles: map[string][]int64{}}
		}
		byKey[id].roles[role] = dims
	}
	list := make([]group, 0, len(byKey))
	for _, g := range byKey {
		list = append(list, *g)
	}
	slices.SortFunc(list, func(a, b group) int { return cmp.Or(cmp.Compare(a.name, b.name), a.part-b.part) })
	return list
}

// fit compares the matrices of a group with its place: how many tensors can be applied, or why none must be.
func (g group) fit(p *place) (used int, reason string) {
	rows := p.size(g.part)
	if rows == 0 {
		return 0, ""
	}
	given := func(roles ...string) bool {
		for _, r := range roles {
			if g.roles[r] == nil {
				return false
			}
		}
		return true
	}
	count := func(roles ...string) {
		for _, r := range roles {
			if g.roles[r] != nil {
				used++
			}
		}
	}
	if d := g.roles["diff"]; d != nil {
		if !equalShape(d, append([]int64{rows}, p.in...)) {
			return 0, fmt.Sprintf("is %s there and %s here", dims(d), dims(append([]int64{rows}, p.in...)))
		}
		count("diff")
	}
	if d := g.roles["diff_b"]; d != nil && p.bias > 0 {
		if product(d) != p.bias {
			return 0, fmt.Sprintf("changes %d values where there are %d", product(d), p.bias)
		}
		count("diff_b")
	}
	switch {
	case given("down", "up"):
		reason = g.fitPair(rows, p.in)
		count("down", "up", "mid", "alpha", "scale")
	case given("hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b"):
		reason = g.fitHada(rows, p.in)
		count("hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b", "hada_t1", "hada_t2", "alpha")
	case given("lokr_w1") || given("lokr_w1_a", "lokr_w1_b"):
		reason = g.fitKronecker(rows, p.in)
		count("lokr_w1", "lokr_w1_a", "lokr_w1_b", "lokr_w2", "lokr_w2_a", "lokr_w2_b", "alpha")
	}
	if reason != "" {
		return 0, reason
	}
	return used, ""
}

// fitPair checks up x down, with a kernel of its own between them in the Tucker form.
func (g group) fitPair(rows int64, in []int64) string {
	down, up, mid := g.roles["down"], g.roles["up"], g.roles["mid"]
	if len(down) < 2 || len(up) < 2 {
		return "is no pair of matrices"
	}
	rank := product(up[1:])
	inner, kernel := down[0], down[1:]
	if mid != nil {
		if len(mid) < 2 || mid[1] != inner {
			return "has matrices of different rank"
		}
		inner, kernel = mid[0], append(slices.Clone(down[1:2]), mid[2:]...)
	}
	switch {
	case rank != inner:
		return fmt.Sprintf("has matrices of different rank (%d and %d)", inner, rank)
	case up[0] != rows:
		return fmt.Sprintf("gives %d values where the model has %d", up[0], rows)
	case !equalShape(kernel, in):
		return fmt.Sprintf("takes %s values where the model has %s", dims(kernel), dims(in))
	}
	return ""
}

// fitHada checks the product, element by element, of two pairs.
func (g group) fitHada(rows int64, in []int64) string {
	for _, n := range []string{"1", "2"} {
		a, b, t := g.roles["hada_w"+n+"_a"], g.roles["hada_w"+n+"_b"], g.roles["hada_t"+n]
		if len(a) != 2 || len(b) < 2 {
			return "is no pair of matrices"
		}
		out, takes := a[0], product(b[1:])
		if t != nil { // the Tucker form has its first matrix the other way round
			if len(t) < 2 {
				return "has a kernel without sides"
			}
			out, takes = a[1], product(b[1:])*product(t[2:])
		}
		if out != rows || takes != product(in) {
			return fmt.Sprintf("is %d x %d there and %d x %d here", out, takes, rows, product(in))
		}
	}
	return ""
}

// fitKronecker checks the Kronecker product of two matrices, each of which may be given as two.
func (g group) fitKronecker(rows int64, in []int64) string {
	side := func(n string) (out, takes int64) {
		if w := g.roles["lokr_w"+n]; len(w) >= 2 {
			return w[0], product(w[1:])
		}
		a, b := g.roles["lokr_w"+n+"_a"], g.roles["lokr_w"+n+"_b"]
		if len(a) < 2 || len(b) < 2 {
			return 0, 0
		}
		return a[0], product(b[1:])
	}
	out1, takes1 := side("1")
	out2, takes2 := side("2")
	if out1 == 0 || out2 == 0 {
		return "is not complete"
	}
	if takes1 == 0 || takes2 == 0 || out1 > rows || out2 > rows || out1*out2 != rows || takes1 > product(in) || takes1*takes2 != product(in) {
		return "has matrices that do not multiply to the size here"
	}
	return ""
}

// size is how many rows a part of the layer has, or all of it; 0 = there is no such part.
func (p *place) size(part int) int64 {
	if part != whole {
		return p.parts[part]
	}
	if p.rows > 0 {
		return p.rows
	}
	sum := int64(0)
	for _, n := range p.parts {
		sum += n
	}
	return sum
}

// equalShape compares dimensions; a kernel of 1 x 1 is no kernel.
func equalShape(a, b []int64) bool { return slices.Equal(trimOnes(a), trimOnes(b)) }

func trimOnes(d []int64) []int64 {
	for len(d) > 1 && d[len(d)-1] == 1 {
		d = d[:len(d)-1]
	}
	return d
}

// product of dimensions, which were checked not to overflow when they were read.
func product(d []int64) int64 {
	n := int64(1)
	for _, x := range d {
		n *= x
	}
	return n
}

func dims(d []int64) string {
	words := make([]string, 0, len(d))
	for _, n := range trimOnes(d) {
		words = append(words, fmt.Sprint(n))
	}
	return strings.Join(words, " x ")
}
