// Package annoy finds approximate nearest neighbours in an index that is a file: built once, saved, copied anywhere, and
// mapped by any number of processes that search it at once and share its pages.
//
//	b, err := annoy.NewBuilder(384, annoy.Angular, nil)                    // dimension, metric
//	err = b.Add(0, vector)                                                 // id, []float32; once for every item
//	ix, err := b.Build(ctx, nil)
//	err = ix.Save("docs.canopy")
//
//	ix, err = annoy.Open("docs.canopy", nil)                               // in this process or another
//	defer ix.Close()
//	hits, err := ix.Search(query, 10, nil)                                 // []Neighbor{ID, Distance}, nearest first
//	hits, err = ix.Search(query, 10, &annoy.SearchOptions{Recall: 0.99})   // slower, finds more
//	hits, err = ix.SearchByID(42, 10, nil)
//
// A [Builder] is for vectors that fit in memory; [BuildFile] streams vectors from a [Source], such as a reader of
// package vecio, into the file. In every options struct the zero value of a field is its default, and a nil pointer is
// all defaults.
//
// # Two kinds
//
// A [Canopy] is this library's own index: a k-means tree whose leaves hold vectors compressed to some dozen bytes, which are
// scanned for candidates, and beside them the vectors, by which candidates are measured. It is calibrated when it is
// built: a search asks for a recall, and the index knows the effort. Ids may be any int64, and items may have string keys
// ([Builder.AddKey], [Index.Key], [Index.Lookup]). docs/canopy.md explains it.
//
// A [Forest] is Spotify's Annoy (github.com/spotify/annoy): the same random-projection trees, the same five metrics, the
// same .ann files, which both libraries read and write. A search is told its effort, SearchK.
//
//	ix, err := b.Build(ctx, &annoy.BuildOptions{Kind: annoy.Forest, Trees: 50})
//	err = ix.Save("docs.ann")                                              // and docs.ann.meta
//	hits, err := ix.Search(query, 10, &annoy.SearchOptions{SearchK: 5000})
//
// A builder gives its items to either. The name of a file says which kind is saved in it, .canopy or any other; its bytes
// say which kind is opened.
//
// # Memory and its owner
//
// Open maps the file for reading and reads only its header, or its end and a few items. The mapping belongs to the [Index] and lives
// until [Index.Close], which waits for the calls under way and then unmaps; a call after that gets [ErrClosed]. What
// the methods return ([Neighbor] slices, vectors, Stats) are copies that stay valid. Two things are lent for a
// shorter time: the vector that [Index.All] yields is valid until the next step, and the bytes given to [Load] stay
// the caller's and must not change while the index is used. Close every Index that Open returned, or Build with OnDisk; one
// that was built in memory or loaded needs no Close.
//
// The file may be replaced under its name while it is mapped, as Save does: the Index keeps the old one. If it is cut
// short in place, or the disk fails, a search that meets the missing page returns [ErrCorrupt] and the process lives
// on. For that, methods that read the index set debug.SetPanicOnFault for their goroutine while they run.
//
// # Concurrency
//
// An Index never changes and all its methods may be called at once from any number of goroutines. Close must not be
// called from within a loop over All or from a Filter. A Builder is for one goroutine at a time; what it built does
// not depend on it. [Index.SearchBatch] searches on all processors, and its Filter must then be safe for concurrent
// use. Search runs on the goroutine that calls it. The append forms, such as [Index.AppendSearch], allocate nothing
// once their buffers have grown.
//
// # Errors
//
// What goes wrong is an error that wraps one of the variables Err…, for errors.Is, and says which id, component, option
// or byte was at fault; or it comes from the file system, the context or the Source. Vectors with NaN or Inf, and those
// whose squares overflow float32, are refused when they are added and when they are searched for. No bytes of a file
// make the library panic, hang or answer with an id that does not exist: Open checks the size, the roots and a sample
// of the items, a search checks every node that it visits, and [Index.Verify] proves the rest.
//
// # Determinism
//
// The same items, options and seed give the same bytes for any number of workers, in memory and on disk, on one
// kernel path (AVX-512, AVX2, NEON or pure Go, chosen when the program starts): the paths round sums differently, so
// a file built on another kind of processor may differ in its planes or centroids. A canopy built on disk besides depends
// on the order in which items are added, unless their ids ascend. Annoy's own trees are not reproduced; its files
// are searched as Annoy searches them, with the same ids for the same SearchK except where distances or margins tie.
//
// # Files
//
// A .canopy file describes itself, and every part of it has a checksum; docs/format/canopy.md draws it. Later versions of
// the library will read it; one that an earlier version cannot read is [ErrVersion] there.
//
// An .ann file holds neither its dimension nor its metric. Save therefore writes a sidecar, the small JSON file
// NAME.meta (docs.ann.meta), with these, a checksum of every byte, and the build's seed. Keep the two together. Without
// a sidecar Open needs Dim and Metric; with one, contradicting it is [ErrMismatch]. A sidecar that is damaged, belongs
// to another file, or says what cannot be of this one, is ignored and named in [Index.Warnings]. Annoy itself ignores
// the sidecar. Both files are written under a temporary name, synced, and renamed: an error or a crash leaves the old
// file or the new one, never a part. The two renames are two steps: a crash or an error between them leaves a new index
// with an old sidecar, which Open ignores because the size or the checksum of the file's end differs.
// docs/format/ann.md describes both files byte by byte.
//
// # Caveats
//
//   - The formats are little-endian and read in place. On a big-endian machine Open and Load refuse.
//   - A canopy's recall is an average, of queries like those that it was calibrated by: its own items, or
//     [BuildOptions].CalibrationQueries. Queries of another kind find less than they ask for.
//   - MaxDistance in a canopy saves effort by estimates and may miss hits within it. With Exact it misses none.
//   - Euclidean and manhattan files have the same layout. Without a sidecar nothing can tell them apart, and the wrong
//     one answers wrongly. Some pairs of metric and dimension besides look alike too; see docs/format/ann.md.
//   - SearchK of a forest counts an item once for every tree that gives it, as in Annoy, so twice the trees with the same
//     SearchK is not twice the candidates.
//   - The default SearchK of a forest is k · trees: asking for more hits also searches more, and the first ten of a hundred can be
//     better than the ten of a search for ten.
//   - A forest has a node for every id from 0 to the largest, used or not: ids should be dense. Items and tree nodes
//     together are limited to 2^31 − 1.
//   - Where there is no mmap (Windows, Plan 9, js, wasip1) Open reads the whole file into memory: it takes time and
//     memory in proportion to the file, and processes do not share it.
//   - An index cannot be changed. Build a new one and save it over the old.
package annoy
