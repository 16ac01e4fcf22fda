// Package vecio reads and writes files of vectors, one row at a time.
//
// The formats are those that vectors are kept in: NumPy's npy, the
// TEXMEX fvecs, bvecs and ivecs (http://corpus-texmex.irisa.fr), the fbin and
// u8bin of big-ann-benchmarks (https://big-ann-benchmarks.com), JSON lines, CSV
// and TSV, and, which are only read, NumPy's npz and the HDF5 of ann-benchmarks
// (https://ann-benchmarks.com).
//
//	format   extension      elements                        layout of a file
//	npy      .npy           float32 float64 float16         header (versions 1, 2, 3), then rows × components
//	                        uint8 int8 int32 (int64)
//	fvecs    .fvecs         float32                         each row: int32 dim, then the components
//	bvecs    .bvecs         uint8                           the same
//	ivecs    .ivecs         int32                           the same
//	fbin     .fbin          float32                         uint32 rows, uint32 dim, then rows × components
//	u8bin    .u8bin         uint8                           the same
//	jsonl    .jsonl .ndjson decimal text, read as float32   a line: [0.1, 0.2] or {"id": 7, "vector": [0.1, 0.2]}
//	csv      .csv           decimal text, read as float32   RFC 4180 with commas, with or without a line of names
//	tsv      .tsv           decimal text, read as float32   the same with tabs
//	npz      .npz           as npy                          a zip archive of npy arrays, stored or deflated
//	hdf5     .hdf5 .h5      float32 float64 float16         a dataset of the root group, in one piece
//	                        uint8 int8 int32 int64
//
// Binary formats are little-endian, and an npy array has two dimensions in C
// order; any other array is refused with an error that says what it is. HDF5
// and npz files hold several arrays: a [ReadOptions] names one, and [OpenHDF5] gives
// all. Those that HDF5 stores in chunks, compressed ones among them, are refused.
//
// A [Reader] gives every row as float32, whatever the file holds:
//
//	r, err := vecio.Open("base.fvecs", nil)
//	if err != nil {
//		return err
//	}
//	defer r.Close()
//	vec := make([]float32, r.Dim())
//	for {
//		id, err := r.Next(vec)
//		if err == io.EOF {
//			break
//		}
//		if err != nil {
//			return err // e.g. annoy: base.fvecs: row 17, column 3: NaN …
//		}
//		use(id, vec)
//	}
//
// Rows of integers, such as the ids of neighbours, are read and written as they
// are by NextInts, [ReadInts] and WriteInts, since float32 has no exact value
// for many integers beyond ±2²⁴. An npy file of int64 is read, never written.
//
// # Ids and keys
//
// Text can say what its rows are called, in a column of CSV or TSV, or a field of
// the objects of JSON lines, that is called id, in any case, or that a
// [ReadOptions] names. Integers from 0 on are ids, which Next returns. Text makes
// keys, which Key returns after each Next. A file has one or the other:
//
//	id,x,y               {"id": "doc-a", "vector": [0.1, 0.2]}
//	doc-a,0.1,0.2        {"id": "doc-b", "vector": [0.3, 0.4]}
//	doc-b,0.3,0.4
//
// In CSV and TSV, where a value has no type, a number that is not plainly an
// integer from 0 on (1.5, -1, 007) is an error, and so is a file with both
// integers and text. KeyColumn takes any value as a key. Columns that hold
// neither ids nor components, such as titles, are left out by SkipColumns: what
// is no number is never passed over in silence.
//
// # Compressed text
//
// JSON lines, CSV and TSV are read compressed too, with gzip (x.csv.gz) and, by
// Unpack of package vecio/zstd, with zstd (x.jsonl.zst). Files of other formats
// have to be unpacked first. A stream that was cut short or damaged is an error at
// the row where that is found, and never a file of fewer rows.
//
// # Writing
//
// A [Writer] builds the file under a temporary name and puts it in place on
// Close, so that a reader never meets half a file.
//
// # Limits and memory
//
// A vector has at most [MaxDim] components; a line of text has at most
// [MaxLine] bytes. A Reader holds one buffer of at most 1 MiB (two for a
// compressed file) and, for the text formats, one line and one row; nothing is allocated on the word of a
// header. Of an HDF5 file, at most 16 MiB are read to open it; its Ints and
// Floats hold a whole dataset. Where the size of the file is known, the header is
// checked against it before the first row is read; where it is not (a pipe),
// Len is −1 and a file that is too short or too long is found at its end.
//
// # Malformed files
//
// NaN, infinities, rows of different lengths, a file that ends within a row,
// bytes after the last row, an empty file and one packed in another way are errors: a
// [*FormatError], with the file, row and column, that matches [ErrFormat].
package vecio
