// Package atomicfile replaces a file in one step: a reader, or a process that dies at any moment, sees the old
// file whole or the new one whole, never a part. The new bytes go to a temporary file in the same directory (a
// rename is atomic only within one file system), reach the disk, and take the name last.
//
// A process killed between Create and Commit leaves its temporary file, .NAME.tmp-RANDOM, and nothing else. The next Create of the
// same name removes it, since no process holds it any more: leftovers.go.
//
// One case is weaker. Where the directory does not let the file be replaced but the file itself can be written, the new
// bytes are copied over the old ones: inplace.go.
package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// A File is a new file on its way to a name. It is written like any *os.File; Name is that of the temporary file.
// Commit, Publish or Abort ends it, and only they may close it. It is not safe for concurrent Commit and Abort.
type File struct {
	*os.File
	path    string
	staged  bool // in the system's directory for temporary files, to be copied
	inPlace bool // the file at path was overwritten
	done    bool
	settled bool  // synced, and nothing written since
	unsafe  error // of a sync, for good
}

// Create opens a temporary file beside path, for reading and writing. Its mode is that of the file that it will
// replace, else 0644 less the umask. A path that names a directory, a device or another thing that a rename must
// not remove is refused here, before the caller has spent time on the bytes. A symbolic link is itself replaced, where it
// leads to a regular file or to nothing; one to anything else, as /dev/stdout, is refused too.
func Create(path string) (*File, error) {
	old, err := os.Lstat(path)
	target := old
	if err == nil && old.Mode().Type() == fs.ModeSymlink {
		if at, err := os.Stat(path); err == nil {
			target = at
		}
	}
	switch {
	case err == nil && !target.Mode().IsRegular() && target.Mode().Type() != fs.ModeSymlink:
		return nil, fmt.Errorf("annoy: cannot write %s: it is %s, not a regular file", path, kind(target.Mode()))
	case err == nil && !old.Mode().IsRegular(), errors.Is(err, fs.ErrNotExist):
		old = nil
	case err != nil:
		return nil, fmt.Errorf("annoy: cannot write: %w", err)
	}
	f, err := openTemp(path)
	staged := Refused(err) && target != nil && target.Mode().IsRegular() && writable(path)
	if staged {
		f, err = os.CreateTemp("", ".annoy.tmp-")
	}
	if err != nil {
		return nil, fmt.Errorf("annoy: cannot write %s: %w", path, err)
	}
	if old != nil {
		// Chmod and not the mode of the open, from which the umask would be taken. A file system without modes
		// may refuse; the bytes matter more than the mode then.
		_ = f.Chmod(old.Mode().Perm())
	}
	removeDead(path)
	return &File{File: f, path: path, staged: staged}, nil
}

// maxName is the longest name, in bytes, that common file systems take. What openTemp adds to a name is at most maxAdded long.
const (
	maxName  = 255
	maxAdded = len(".") + len(".tmp-") + 13
)

// tempPrefix is how the names of the temporary files of path begin. Of a long name it has only the beginning.
func tempPrefix(path string) string {
	dir, name := filepath.Split(path)
	if len(name) > maxName-maxAdded {
		name = strings.ToValidUTF8(name[:maxName-maxAdded], "")
	}
	return dir + "." + name + ".tmp-"
}

func openTemp(path string) (*os.File, error) {
	for try := 0; ; try++ {
		temp := tempPrefix(path) + strconv.FormatUint(rand.Uint64(), 36)
		f, err := os.OpenFile(temp, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
		if errors.Is(err, fs.ErrExist) && try < 100 {
			continue
		}
		if err == nil && !hold(f) && try < 100 {
			_ = f.Close()
			continue
		}
		return f, err
	}
}

func kind(m fs.FileMode) string {
	switch {
	case m.IsDir():
		return "a directory"
	case m&fs.ModeDevice != 0:
		return "a device"
	case m&fs.ModeNamedPipe != 0:
		return "a pipe"
	case m&fs.ModeSocket != 0:
		return "a socket"
	}
	return "special"
}

// Path returns the name that Commit will give the file.
func (f *File) Path() string { return f.path }

// Commit brings the bytes to the disk, closes the file and gives it its name. After an error the temporary file
// is gone and the old file untouched, save for one case: when only the last step failed, the sync of the
// directory, the new file has its name already and may lose it again in a power cut.
func (f *File) Commit() error {
	if f.done {
		return fmt.Errorf("annoy: cannot write %s: %w", f.path, fs.ErrClosed)
	}
	f.done = true
	err := errors.Join(f.sync(), f.Close())
	var over *os.File
	if err == nil {
		over, err = f.take()
	}
	if err != nil || over != nil {
		_ = os.Remove(f.Name())
	}
	if err != nil {
		return fmt.Errorf("annoy: cannot write %s: %w", f.path, err)
	}
	if over != nil {
		_ = over.Close() // it is on the disk
	}
	return f.SyncDir()
}

// SyncDir makes the name that Publish gave survive a power cut.
func (f *File) SyncDir() error {
	if f.inPlace { // the name was there before
		return nil
	}
	if err := syncDir(filepath.Dir(f.path)); err != nil {
		return fmt.Errorf("annoy: cannot sync the directory of %s: %w", f.path, err)
	}
	return nil
}

// CommitOpen is Commit that returns the file open for reading, whoever takes the name later. After an error before the
// last step the file is still a temporary one, to be aborted.
func (f *File) CommitOpen() (*os.File, error) {
	published, err := f.Publish()
	if err != nil {
		return nil, err
	}
	if err := f.SyncDir(); err != nil {
		return nil, errors.Join(err, published.Close())
	}
	return published, nil
}

// Settle brings the bytes to the disk. Nothing may be written afterwards: the Commit that follows has only to
// rename, so that two files can take their names with hardly a moment in between.
func (f *File) Settle() error {
	if err := f.sync(); err != nil {
		return fmt.Errorf("annoy: cannot write %s: %w", f.path, err)
	}
	return nil
}

// sync gives the first error ever after: the system may tell of a lost page only once.
func (f *File) sync() error {
	if !f.settled && f.unsafe == nil {
		f.unsafe = f.Sync()
		f.settled = f.unsafe == nil
	}
	return f.unsafe
}

// Publish brings the bytes to the disk and gives the file its name, as Commit does, and returns it open, to be read
// from wherever its position is: the same file, whoever takes the name later. After an error the file is still a
// temporary one, open, to be used further, published again or aborted; only where its bytes could not be brought to the
// disk does every later call give that error too. The rename is certain to survive a power cut after SyncDir, or the Commit of
// another file in the same directory. (On Windows a second of failing to open the renamed file is an error after which
// it has its name.)
func (f *File) Publish() (*os.File, error) {
	if f.done {
		return nil, fmt.Errorf("annoy: cannot write %s: %w", f.path, fs.ErrClosed)
	}
	if err := f.Settle(); err != nil {
		return nil, err
	}
	f.settled = false // it may be written to if this fails
	published, err := f.move()
	if err != nil {
		return nil, fmt.Errorf("annoy: cannot write %s: %w", f.path, err)
	}
	f.done = true
	return published, nil
}

// Abort closes and removes the temporary file. After Commit or another Abort it does nothing, so that it can be
// deferred right after Create.
func (f *File) Abort() {
	if f.done {
		return
	}
	f.done = true
	_ = f.Close()
	_ = os.Remove(f.Name())
}

// WriteFile replaces the file at path with data.
func WriteFile(path string, data []byte) error {
	f, err := Create(path)
	if err != nil {
		return err
	}
	defer f.Abort()
	if _, err := f.Write(data); err != nil {
		return fmt.Errorf("annoy: cannot write %s: %w", path, err)
	}
	return f.Commit()
}
