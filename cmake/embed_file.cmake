# Writes OUTPUT, a C++ unit whose function FUNCTION returns the bytes of INPUT.
file(READ ${INPUT} hex HEX)
string(LENGTH "${hex}" digits)
math(EXPR size "${digits} / 2")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${hex}")
file(WRITE ${OUTPUT} "#include <string_view>
static const char text[] = {${bytes} 0};
namespace higuma {
std::string_view ${FUNCTION}();
std::string_view ${FUNCTION}() { return {text, ${size}}; }
}  // namespace higuma
")
