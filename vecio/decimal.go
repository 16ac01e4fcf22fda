package vecio

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// appendDecimals appends the components with comma between, each by the
// shortest decimal that reads back as the same float32.
func appendDecimals(b []byte, vec []float32, comma byte) []byte {
	for i, v := range vec {
		if i > 0 {
			b = append(b, comma)
		}
		b = strconv.AppendFloat(b, float64(v), 'g', -1, 32)
	}
	return b
}

// parseComponent reads a decimal number. The second result says why it is
// refused, "" when it is not.
func parseComponent(s string) (float32, string) {
	v, err := strconv.ParseFloat(s, 32)
	if strings.ContainsAny(s, "_xXpP") { // of Go's literals, not of decimal numbers
		err = strconv.ErrSyntax
	}
	switch {
	case errors.Is(err, strconv.ErrRange):
		return 0, fmt.Sprintf("%s is beyond the range of float32", excerpt([]byte(s)))
	case err != nil:
		return 0, fmt.Sprintf("%s is not a number", excerpt([]byte(s)))
	case math.IsNaN(v) || math.IsInf(v, 0):
		return 0, notFinite(v)
	}
	return float32(v), ""
}

// excerpt quotes the beginning of b for an error.
func excerpt(b []byte) string {
	const most = 40
	if len(b) > most {
		return fmt.Sprintf("%q…", b[:most])
	}
	return fmt.Sprintf("%q", b)
}
