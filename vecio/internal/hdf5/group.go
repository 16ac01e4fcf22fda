package hdf5

import "bytes"

// link is a name in a group, and the address of its object's header.
type link struct {
	name    string
	address uint64
}

// links lists the hard links of the group whose header has those messages.
// Soft and external links are left out.
func (f *file) links(messages []message) ([]link, error) {
	if m := find(messages, msgSymbolTable); m != nil {
		c := &cursor{b: m.data}
		tree, heap := c.u64(), c.u64()
		if c.short {
			return nil, errorf("a symbol table message of %d bytes", len(m.data))
		}
		return f.symbolTable(tree, heap)
	}
	if m := find(messages, msgLinkInfo); m != nil {
		c := &cursor{b: m.data}
		c.skip(1) // version
		if flags := c.u8(); flags&1 != 0 {
			c.skip(8) // greatest creation index
		}
		if heap := c.u64(); !c.short && heap != undefined {
			return nil, errorf("its links are in dense storage (a fractal heap), as HDF5 keeps more than 8 with libver='latest': not read")
		}
		if c.short {
			return nil, errorf("a link info message of %d bytes", len(m.data))
		}
	}
	var links []link
	for _, m := range messages {
		if m.kind != msgLink {
			continue
		}
		l, hard, err := parseLink(m)
		if err != nil {
			return nil, err
		}
		if hard {
			links = append(links, l)
		}
	}
	return links, nil
}

func parseLink(m message) (l link, hard bool, err error) {
	if m.flags&flagShared != 0 {
		return l, false, errorf("a shared link message: not read")
	}
	c := &cursor{b: m.data}
	if version := c.u8(); version != 1 {
		return l, false, errorf("link message version %d is not read: want 1", version)
	}
	flags := c.u8()
	kind := uint8(0)
	if flags&(1<<3) != 0 {
		kind = c.u8()
	}
	if flags&(1<<2) != 0 {
		c.skip(8) // creation order
	}
	if flags&(1<<4) != 0 {
		c.skip(1) // character set
	}
	l.name = string(c.take(c.uint(1 << (flags & 3))))
	if kind == 0 {
		l.address = c.u64()
	}
	if c.short {
		return l, false, errorf("a link message of %d bytes ends within itself", len(m.data))
	}
	return l, kind == 0, nil
}

// symbolTable lists a group of the older kind: a B-tree of leaves with
// entries, whose names are in a heap.
func (f *file) symbolTable(tree, heap uint64) ([]link, error) {
	names, err := f.localHeap(heap)
	if err != nil {
		return nil, err
	}
	var links []link
	// Levels fall on the way down, so the nodes still to be read are no more
	// than those of the path and their siblings.
	type node struct {
		address uint64
		level   int // −1 where any is right: the root
	}
	for todo := []node{{tree, -1}}; len(todo) > 0; {
		n := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		level, children, err := f.treeNode(n.address)
		if err != nil {
			return nil, err
		}
		if n.level >= 0 && level != n.level {
			return nil, errorf("a B-tree node of level %d where %d is due", level, n.level)
		}
		if level > 0 {
			for i := len(children) - 1; i >= 0; i-- {
				todo = append(todo, node{children[i], level - 1})
			}
			continue
		}
		for _, leaf := range children {
			if links, err = f.symbolNode(links, leaf, names); err != nil {
				return nil, err
			}
		}
	}
	return links, nil
}

// treeNode reads a node of a version 1 B-tree of a group.
func (f *file) treeNode(address uint64) (level int, children []uint64, err error) {
	b, err := f.read(address, 24)
	if err != nil {
		return 0, nil, err
	}
	if string(b[:4]) != "TREE" || b[4] != 0 {
		return 0, nil, errorf("no B-tree node of a group at address %d", address)
	}
	c := &cursor{b: b, pos: 5}
	level = int(c.u8())
	used := uint64(c.u16())
	// Each child is between two keys, offsets of names, which are not needed.
	if b, err = f.read(address+24, 8+16*used); err != nil {
		return 0, nil, err
	}
	c = &cursor{b: b}
	children = make([]uint64, used)
	for i := range children {
		c.skip(8)
		children[i] = c.u64()
	}
	return level, children, nil
}

// symbolNode appends the entries of one leaf.
func (f *file) symbolNode(links []link, address uint64, names []byte) ([]link, error) {
	b, err := f.read(address, 8)
	if err != nil {
		return nil, err
	}
	if string(b[:4]) != "SNOD" || b[4] != 1 {
		return nil, errorf("no symbol table node at address %d", address)
	}
	c := &cursor{b: b, pos: 6}
	const entrySize = 40
	if b, err = f.read(address+8, entrySize*uint64(c.u16())); err != nil {
		return nil, err
	}
	for ; len(b) > 0; b = b[entrySize:] {
		c := &cursor{b: b}
		offset, object := c.u64(), c.u64()
		if cache := c.u32(); cache == 2 {
			continue // a soft link has no object of its own
		}
		if offset >= uint64(len(names)) {
			return nil, errorf("a name at %d of a heap of %d bytes", offset, len(names))
		}
		name, _, ended := bytes.Cut(names[offset:], []byte{0})
		if !ended {
			return nil, errorf("a name at %d of its heap has no end", offset)
		}
		links = append(links, link{string(name), object})
	}
	return links, nil
}

// localHeap returns the bytes that the names of a group lie in.
func (f *file) localHeap(address uint64) ([]byte, error) {
	b, err := f.read(address, 32)
	if err != nil {
		return nil, err
	}
	if string(b[:4]) != "HEAP" || b[4] != 0 {
		return nil, errorf("no local heap at address %d", address)
	}
	c := &cursor{b: b, pos: 8}
	size := c.u64()
	c.skip(8) // the free list
	return f.read(c.u64(), size)
}
