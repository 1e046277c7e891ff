#include "store/rows.hpp"

#include <charconv>
#include <cstdlib>
#include <stdexcept>

namespace higuma::store {

static std::int64_t to_integer(std::string_view text) {
    std::int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

Rows::Rows(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

std::size_t Rows::size() const {
    return impl_->columns == 0 ? 0 : impl_->pieces.size() / impl_->columns;
}

Cell Rows::text(std::size_t row, std::size_t column) const {
    if (column >= impl_->columns || row >= size()) {
        throw std::out_of_range("no such cell in the result");
    }
    const auto& piece = impl_->pieces[row * impl_->columns + column];
    if (piece.length == Impl::kNull) return std::nullopt;
    return std::string_view(impl_->data).substr(piece.offset, piece.length);
}

std::int64_t Rows::integer(std::size_t row, std::size_t column, std::int64_t if_null) const {
    const auto cell = text(row, column);
    return cell ? to_integer(*cell) : if_null;
}

double Rows::real(std::size_t row, std::size_t column, double if_null) const {
    const auto cell = text(row, column);
    return cell ? std::strtod(std::string(*cell).c_str(), nullptr) : if_null;
}

std::string Rows::string(std::size_t row, std::size_t column, std::string_view if_null) const {
    return std::string(text(row, column).value_or(if_null));
}

bool Rows::is_null(std::size_t row, std::size_t column) const { return !text(row, column); }

std::int64_t RowView::integer(std::size_t column, std::int64_t if_null) const {
    const auto cell = text(column);
    return cell ? to_integer(*cell) : if_null;
}

std::string RowView::string(std::size_t column, std::string_view if_null) const {
    return std::string(text(column).value_or(if_null));
}

}  // namespace higuma::store
