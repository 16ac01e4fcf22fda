package hdf5

// The types of header messages that matter here.
const (
	msgDataspace    = 0x0001
	msgLinkInfo     = 0x0002
	msgDatatype     = 0x0003
	msgLink         = 0x0006
	msgExternal     = 0x0007
	msgLayout       = 0x0008
	msgFilters      = 0x000b
	msgAttribute    = 0x000c
	msgContinuation = 0x0010
	msgSymbolTable  = 0x0011
	lastKnown       = 0x0017
)

// Bits of a message's flags.
const (
	flagShared     = 1 << 1 // the data is elsewhere
	flagFailAlways = 1 << 7 // who does not know the message must not read the object
)

// message is one message of an object header.
type message struct {
	kind    uint16
	flags   uint8
	data    []byte
	address uint64 // of data
}

// find returns the first message of a kind, nil when there is none.
func find(messages []message, kind uint16) *message {
	for i := range messages {
		if messages[i].kind == kind {
			return &messages[i]
		}
	}
	return nil
}

// header reads all messages of the object header at an address, those of its
// continuations included.
func (f *file) header(address uint64) ([]message, error) {
	start, err := f.read(address, 6)
	if err != nil {
		return nil, err
	}
	var h headerReader
	switch {
	case string(start[:4]) == "OHDR":
		if start[4] != 2 {
			return nil, errorf("object header version %d is not read: want 1 or 2", start[4])
		}
		h, err = f.beginHeader2(address, start[5])
	case start[0] == 1:
		h, err = f.beginHeader1(address)
	default:
		err = errorf("no object header at address %d", address)
	}
	// The list of chunks grows while it is walked.
	for i := 0; err == nil && i < len(h.chunks); i++ {
		err = h.chunk(f, h.chunks[i])
	}
	return h.messages, err
}

// headerReader collects the messages of one object header.
type headerReader struct {
	version  int
	ordered  bool // version 2: messages carry their creation order
	chunks   []chunk
	messages []message
}

// chunk is a stretch of messages.
type chunk struct{ address, size uint64 }

// beginHeader1 reads the prefix of a header of version 1, which has 16 bytes.
func (f *file) beginHeader1(address uint64) (headerReader, error) {
	b, err := f.read(address, 16)
	if err != nil {
		return headerReader{}, err
	}
	c := &cursor{b: b}
	c.skip(8) // version, reserved, number of messages, references
	return headerReader{version: 1, chunks: []chunk{{address + 16, uint64(c.u32())}}}, nil
}

// beginHeader2 reads the prefix of a header of version 2, whose length depends
// on its flags, and checks the sum over it and its first chunk.
func (f *file) beginHeader2(address uint64, flags uint8) (headerReader, error) {
	prefix, width := uint64(6), uint64(1)<<(flags&3)
	if flags&(1<<5) != 0 {
		prefix += 16 // times
	}
	if flags&(1<<4) != 0 {
		prefix += 4 // when attributes become dense
	}
	b, err := f.read(address, prefix+width)
	if err != nil {
		return headerReader{}, err
	}
	c := &cursor{b: b, pos: int(prefix)}
	size := c.uint(width)
	prefix += width
	if size > uint64(f.size) {
		return headerReader{}, errorf("an object header of %d bytes in a file of %d", size, f.size)
	}
	if err := f.verifyBlock(address, prefix+size); err != nil {
		return headerReader{}, err
	}
	return headerReader{version: 2, ordered: flags&(1<<2) != 0, chunks: []chunk{{address + prefix, size}}}, nil
}

// verifyBlock checks the sum that follows n bytes at an address.
func (f *file) verifyBlock(address, n uint64) error {
	b, err := f.read(address, n+4)
	if err != nil {
		return err
	}
	c := &cursor{b: b, pos: int(n)}
	return f.verify(b, int(n), c.u32(), "object header")
}

// chunk adds the messages of a chunk, and the chunks that they lead to.
func (h *headerReader) chunk(f *file, at chunk) error {
	b, err := f.read(at.address, at.size)
	if err != nil {
		return err
	}
	prefix := 8 // bytes before a message's data
	if h.version == 2 {
		prefix = 4
		if h.ordered {
			prefix = 6
		}
	}
	c := &cursor{b: b}
	for c.left() >= prefix { // what is shorter is a gap
		var m message
		var size uint64
		if h.version == 1 {
			m.kind, size, m.flags = c.u16(), uint64(c.u16()), c.u8()
			c.skip(3)
		} else {
			m.kind, size, m.flags = uint16(c.u8()), uint64(c.u16()), c.u8()
			c.skip(uint64(prefix - 4))
		}
		m.address = at.address + uint64(c.pos)
		m.data = c.take(size)
		if c.short {
			return errorf("a header message of %d bytes goes past its header at address %d", size, at.address)
		}
		if m.kind > lastKnown && m.flags&flagFailAlways != 0 {
			return errorf("header message type %d is not known, and is marked as one that must be", m.kind)
		}
		if m.kind != msgContinuation {
			h.messages = append(h.messages, m)
		} else if err := h.follow(f, m); err != nil {
			return err
		}
	}
	return nil
}

// follow adds the chunk that a continuation message points to.
func (h *headerReader) follow(f *file, m message) error {
	c := &cursor{b: m.data}
	address, size := c.u64(), c.u64()
	if c.short {
		return errorf("a continuation message of %d bytes", len(m.data))
	}
	if h.version == 2 { // between a signature and a checksum
		if size < 8 || size > uint64(f.size) {
			return errorf("a continued header of %d bytes", size)
		}
		if err := f.verifyBlock(address, size-4); err != nil {
			return err
		}
		sign, err := f.read(address, 4)
		if err != nil {
			return err
		}
		if string(sign) != "OCHK" {
			return errorf("no continued header at address %d", address)
		}
		address, size = address+4, size-8
	}
	h.chunks = append(h.chunks, chunk{address, size})
	return nil
}
