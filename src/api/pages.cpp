#include "api/pages.hpp"

#include <array>

namespace higuma {
// Generated from web/live and web/operator by the build.
std::string_view live_file_index_html();
std::string_view live_file_live_css();
std::string_view live_file_dom_js();
std::string_view live_file_cluster_js();
std::string_view live_file_beats_js();
std::string_view live_file_monitors_js();
std::string_view live_file_events_js();
std::string_view live_file_feed_js();
std::string_view live_file_live_js();
std::string_view operator_file_index_html();
std::string_view operator_file_operator_css();
std::string_view operator_file_ask_js();
std::string_view operator_file_confirm_js();
std::string_view operator_file_nodes_js();
std::string_view operator_file_controls_js();
std::string_view operator_file_balance_js();
std::string_view operator_file_history_js();
std::string_view operator_file_operator_js();
}  // namespace higuma

namespace higuma::api {

namespace {

constexpr std::array kLiveParts{
    PagePart{R"(<link rel="stylesheet" href="live.css">)", "style", live_file_live_css},
    PagePart{R"(<script src="dom.js"></script>)", "script", live_file_dom_js},
    PagePart{R"(<script src="cluster.js"></script>)", "script", live_file_cluster_js},
    PagePart{R"(<script src="beats.js"></script>)", "script", live_file_beats_js},
    PagePart{R"(<script src="monitors.js"></script>)", "script", live_file_monitors_js},
    PagePart{R"(<script src="events.js"></script>)", "script", live_file_events_js},
    PagePart{R"(<script src="feed.js"></script>)", "script", live_file_feed_js},
    PagePart{R"(<script src="live.js"></script>)", "script", live_file_live_js},
};

constexpr std::array kOperatorParts{
    PagePart{R"(<link rel="stylesheet" href="../live/live.css">)", "style", live_file_live_css},
    PagePart{R"(<link rel="stylesheet" href="operator.css">)", "style", operator_file_operator_css},
    PagePart{R"(<script src="../live/dom.js"></script>)", "script", live_file_dom_js},
    PagePart{R"(<script src="../live/cluster.js"></script>)", "script", live_file_cluster_js},
    PagePart{R"(<script src="../live/events.js"></script>)", "script", live_file_events_js},
    PagePart{R"(<script src="ask.js"></script>)", "script", operator_file_ask_js},
    PagePart{R"(<script src="confirm.js"></script>)", "script", operator_file_confirm_js},
    PagePart{R"(<script src="nodes.js"></script>)", "script", operator_file_nodes_js},
    PagePart{R"(<script src="controls.js"></script>)", "script", operator_file_controls_js},
    PagePart{R"(<script src="balance.js"></script>)", "script", operator_file_balance_js},
    PagePart{R"(<script src="history.js"></script>)", "script", operator_file_history_js},
    PagePart{R"(<script src="operator.js"></script>)", "script", operator_file_operator_js},
};

}  // namespace

const EmbeddedPage& live_page() {
    static const EmbeddedPage page(live_file_index_html(), kLiveParts);
    return page;
}

const EmbeddedPage& operator_page() {
    static const EmbeddedPage page(operator_file_index_html(), kOperatorParts);
    return page;
}

}  // namespace higuma::api
