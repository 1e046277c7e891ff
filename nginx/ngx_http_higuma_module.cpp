// The nginx module: which node takes a request. It only binds nginx to our code: directives,
// variables, the shared memory, each worker's timer, and the answer when no node could take a
// request.
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <string>

#include "guard.hpp"
#include "nginx_headers.hpp"
#include "peer.hpp"
#include "route_state.hpp"
#include "shared_nodes.hpp"
#include "status.hpp"

namespace higuma::nginx {
namespace {

struct MainConf {
    ngx_str_t directory;
    ngx_msec_t stale_after;
    ngx_uint_t eject_after;
    ngx_flag_t used;  // some upstream is ours
    ngx_shm_zone_t* zone;
};

constexpr ngx_msec_t kStaleAfter = 10'000;
constexpr ngx_uint_t kEjectAfter = 5;

std::unique_ptr<RouteState> state;
ngx_connection_t timer_connection;  // nginx's debug log reads a descriptor behind each event
ngx_event_t timer;

MainConf* main_conf_of(ngx_conf_t* cf) {
    return static_cast<MainConf*>(ngx_http_conf_get_module_main_conf(cf, ngx_http_higuma_module));
}

// -- Configuration

void* create_main_conf(ngx_conf_t* cf) {
    auto* conf = static_cast<MainConf*>(ngx_pcalloc(cf->pool, sizeof(MainConf)));
    if (conf == nullptr) return nullptr;
    conf->stale_after = NGX_CONF_UNSET_MSEC;
    conf->eject_after = NGX_CONF_UNSET_UINT;
    return conf;
}

char* init_main_conf(ngx_conf_t* cf, void* data) {
    auto* conf = static_cast<MainConf*>(data);
    ngx_conf_init_msec_value(conf->stale_after, kStaleAfter);
    ngx_conf_init_uint_value(conf->eject_after, kEjectAfter);
    if (conf->directory.len == 0) return NGX_CONF_OK;
    if (ngx_conf_full_name(cf->cycle, &conf->directory, 0) != NGX_OK) {
        return static_cast<char*>(NGX_CONF_ERROR);
    }
    constexpr std::size_t kSlabPages = 16;
    ngx_str_t name = str_of("higuma_nodes");
    const std::size_t size = ngx_align(sizeof(SharedMemory), ngx_pagesize);
    conf->zone =
        ngx_shared_memory_add(cf, &name, size + kSlabPages * ngx_pagesize, &ngx_http_higuma_module);
    if (conf->zone == nullptr) return static_cast<char*>(NGX_CONF_ERROR);
    conf->zone->init = guarded<SharedNodes::init_zone>;
    return NGX_CONF_OK;
}

ngx_int_t init_upstream(ngx_conf_t*, ngx_http_upstream_srv_conf_t* upstream) {
    upstream->peer.init = guarded<init_peer>;
    return NGX_OK;
}

char* set_upstream(ngx_conf_t* cf, ngx_command_t*, void*) {
    auto* upstream = static_cast<ngx_http_upstream_srv_conf_t*>(
        ngx_http_conf_get_module_srv_conf(cf, ngx_http_upstream_module));
    if (upstream->peer.init_upstream != nullptr) {
        ngx_conf_log_error(
            NGX_LOG_EMERG, cf, 0,
            "\"higuma\" comes before \"keepalive\" and is the only balancing method");
        return static_cast<char*>(NGX_CONF_ERROR);
    }
    upstream->peer.init_upstream = guarded<init_upstream>;
    upstream->flags = NGX_HTTP_UPSTREAM_CREATE;
    main_conf_of(cf)->used = 1;
    return NGX_CONF_OK;
}

// -- The answer when no node could take a request

struct Answer {
    ngx_uint_t status;
    bool retry;
    std::string_view body;
};

constexpr Answer kNoNode{NGX_HTTP_SERVICE_UNAVAILABLE, true,
                         R"({"ok":false,"msg":"No node can take the request now."})"};
constexpr Answer kBroken{NGX_HTTP_BAD_GATEWAY, false,
                         R"({"ok":false,"msg":"The node failed while it worked on the request, )"
                         R"(which may have been carried out."})"};
constexpr Answer kTimedOut{NGX_HTTP_GATEWAY_TIME_OUT, false,
                           R"({"ok":false,"msg":"The node did not answer in time; )"
                           R"(the request may have been carried out."})"};

const Answer& answer_for(ngx_http_request_t* request) {
    const RequestContext* context = context_of(request);
    if (context == nullptr || !context->reached_a_node) return kNoNode;
    if (context->last_resort && is_repeatable(request)) return kNoNode;
    const ngx_array_t* states = request->upstream_states;
    if (states != nullptr && states->nelts > 0) {
        const auto* tries = static_cast<const ngx_http_upstream_state_t*>(states->elts);
        if (tries[states->nelts - 1].status == NGX_HTTP_GATEWAY_TIME_OUT) return kTimedOut;
    }
    return is_repeatable(request) ? kNoNode : kBroken;
}

ngx_int_t answer_failure(ngx_http_request_t* request) {
    const Answer& answer = answer_for(request);
    if (answer.retry && !add_header(request, "Retry-After", "5")) return NGX_ERROR;
    return send_json(request, answer.status, answer.body);
}

template <ngx_http_handler_pt Handler>
char* set_handler(ngx_conf_t* cf, ngx_command_t*, void*) {
    auto* location = static_cast<ngx_http_core_loc_conf_t*>(
        ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module));
    location->handler = Handler;
    return NGX_CONF_OK;
}

// -- Headers of each answer that came by way of our upstream

ngx_http_output_header_filter_pt next_header_filter;

bool add_headers(ngx_http_request_t* request) {
    const RequestContext* context = context_of(request);
    if (context == nullptr || !context->chosen) return true;
    if (!add_header(request, "X-Routed-Via", policy::to_string(context->rule))) return false;
    if (!add_header(request, "X-Routed-To", (*context->peers)[context->node].id)) return false;
    const std::string_view cookie = session_cookie_of(request);
    return cookie.empty() || add_header(request, "Set-Cookie", cookie);
}

ngx_int_t filter_headers(ngx_http_request_t* request) {
    if (request == request->main && !add_headers(request)) return NGX_ERROR;
    return next_header_filter(request);
}

// -- Variables

void set_variable(ngx_http_variable_value_t* value, std::string_view text) {
    const ngx_str_t str = str_of(text);
    value->len = static_cast<unsigned>(str.len);
    value->data = str.data;
    value->valid = 1;
    value->not_found = text.empty();
    value->no_cacheable = 0;
}

ngx_int_t via_variable(ngx_http_request_t* request, ngx_http_variable_value_t* value, uintptr_t) {
    const RequestContext* context = context_of(request);
    const bool known = context != nullptr && context->chosen;
    set_variable(value, known ? policy::to_string(context->rule) : std::string_view{});
    return NGX_OK;
}

ngx_int_t node_variable(ngx_http_request_t* request, ngx_http_variable_value_t* value, uintptr_t) {
    const RequestContext* context = context_of(request);
    const bool known = context != nullptr && context->chosen;
    set_variable(
        value, known ? std::string_view((*context->peers)[context->node].id) : std::string_view{});
    return NGX_OK;
}

ngx_int_t add_variable(ngx_conf_t* cf, std::string_view name, ngx_http_get_variable_pt get) {
    ngx_str_t text = str_of(name);
    ngx_http_variable_t* variable = ngx_http_add_variable(cf, &text, NGX_HTTP_VAR_NOCACHEABLE);
    if (variable == nullptr) return NGX_ERROR;
    variable->get_handler = get;
    return NGX_OK;
}

ngx_int_t add_variables(ngx_conf_t* cf) {
    if (add_variable(cf, "higuma_via", guarded<via_variable>) != NGX_OK) return NGX_ERROR;
    return add_variable(cf, "higuma_node", guarded<node_variable>);
}

ngx_int_t complete_conf(ngx_conf_t* cf) {
    remove_dead_sockets(cf);
    const MainConf* conf = main_conf_of(cf);
    if (!conf->used) return NGX_OK;
    next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = guarded<filter_headers>;
    if (conf->directory.len != 0) return NGX_OK;
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"higuma\" needs \"higuma_route_directory\"");
    return NGX_ERROR;
}

// -- Each worker's life

void on_timer(ngx_event_t* event) {
    ngx_msec_t next = kPollInterval;
    try {
        next = state->poll();
    } catch (const std::exception& error) {
        ngx_log_error(NGX_LOG_CRIT, event->log, 0, "higuma: route tables: %s", error.what());
    }
    ngx_add_timer(event, next);
}

// A process whose master was killed would stay for ever, and a worker hold the listening sockets
// and keep the next nginx from starting: it ends its requests and goes.
void follow_master() {
    ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
    if (::getppid() != ngx_parent) ::kill(::getpid(), SIGQUIT);
}

ngx_int_t init_process(ngx_cycle_t* cycle) {
    if (ngx_process == NGX_PROCESS_WORKER || ngx_process == NGX_PROCESS_HELPER) follow_master();
    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE) return NGX_OK;
    if (ngx_get_conf(cycle->conf_ctx, ngx_http_module) == nullptr) return NGX_OK;
    const auto* conf = static_cast<const MainConf*>(
        ngx_http_cycle_get_module_main_conf(cycle, ngx_http_higuma_module));
    if (conf == nullptr || conf->zone == nullptr) return NGX_OK;

    RouteState::Options options{std::string(view_of(conf->directory)), conf->stale_after,
                                static_cast<std::uint32_t>(conf->eject_after)};
    state = std::make_unique<RouteState>(std::move(options), conf->zone);
    state->start();
    timer_connection.fd = static_cast<ngx_socket_t>(-1);
    timer.data = &timer_connection;
    timer.handler = guarded<on_timer>;
    timer.log = cycle->log;
    timer.cancelable = 1;  // or a worker that is told to go would stay for it
    ngx_add_timer(&timer, kPollInterval);
    return NGX_OK;
}

ngx_command_t commands[] = {
    {ngx_string("higuma_route_directory"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE1,
     ngx_conf_set_str_slot, NGX_HTTP_MAIN_CONF_OFFSET, offsetof(MainConf, directory), nullptr},
    {ngx_string("higuma_stale_after"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE1, ngx_conf_set_msec_slot,
     NGX_HTTP_MAIN_CONF_OFFSET, offsetof(MainConf, stale_after), nullptr},
    {ngx_string("higuma"), NGX_HTTP_UPS_CONF | NGX_CONF_NOARGS, guarded<set_upstream>, 0, 0,
     nullptr},
    {ngx_string("higuma_eject_after"), NGX_HTTP_MAIN_CONF | NGX_CONF_TAKE1, ngx_conf_set_num_slot,
     NGX_HTTP_MAIN_CONF_OFFSET, offsetof(MainConf, eject_after), nullptr},
    {ngx_string("higuma_failure_page"), NGX_HTTP_LOC_CONF | NGX_CONF_NOARGS,
     guarded<set_handler<guarded<answer_failure>>>, 0, 0, nullptr},
    {ngx_string("higuma_status"), NGX_HTTP_LOC_CONF | NGX_CONF_NOARGS,
     guarded<set_handler<guarded<answer_status>>>, 0, 0, nullptr},
    ngx_null_command};

ngx_http_module_t module_context = {
    guarded<add_variables>,     // preconfiguration
    guarded<complete_conf>,     // postconfiguration
    guarded<create_main_conf>,  // create main configuration
    guarded<init_main_conf>,    // init main configuration
    nullptr,                    // create server configuration
    nullptr,                    // merge server configuration
    nullptr,                    // create location configuration
    nullptr,                    // merge location configuration
};

}  // namespace

RouteState* worker_state() { return state.get(); }

}  // namespace higuma::nginx

extern "C" {

ngx_module_t ngx_http_higuma_module = {
    NGX_MODULE_V1,
    &higuma::nginx::module_context,
    higuma::nginx::commands,
    NGX_HTTP_MODULE,
    nullptr,                                              // init master
    nullptr,                                              // init module
    higuma::nginx::guarded<higuma::nginx::init_process>,  // init process
    nullptr,                                              // init thread
    nullptr,                                              // exit thread
    nullptr,                                              // exit process
    nullptr,                                              // exit master
    NGX_MODULE_V1_PADDING};

// What nginx looks for in a dynamic module.
ngx_module_t* ngx_modules[] = {&ngx_http_higuma_module, nullptr};
char* ngx_module_names[] = {const_cast<char*>("ngx_http_higuma_module"), nullptr};
char* ngx_module_order[] = {nullptr};
}
