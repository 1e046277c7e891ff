// The memory behind Rows: all cells of a result in one text, with where each one lies.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "store/database.hpp"

namespace higuma::store {

struct Rows::Impl {
    static constexpr std::uint32_t kNull = UINT32_MAX;
    struct Piece {
        std::uint64_t offset = 0;
        std::uint32_t length = kNull;
    };
    std::size_t columns = 0;
    std::string data;
    std::vector<Piece> pieces;  // row by row

    void add(Cell cell) {
        if (!cell) {
            pieces.push_back({});
            return;
        }
        pieces.push_back({data.size(), static_cast<std::uint32_t>(cell->size())});
        data += *cell;
    }
};

}  // namespace higuma::store
