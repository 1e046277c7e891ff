// A controller with its HTTP interface on a Unix socket, two local nodes and a real database.
#pragma once

#include <boost/algorithm/string/predicate.hpp>
#include <boost/json/parse.hpp>

#include "api/controller_api.hpp"
#include "api/http/server.hpp"
#include "contract/cluster/fixture.hpp"

namespace higuma::test {

namespace json = boost::json;

struct ControllerAnswer {
    int status = 0;
    json::value body;
    std::string text;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string header(const std::string& name) const {
        for (const auto& [key, value] : headers) {
            if (boost::algorithm::iequals(key, name)) return value;
        }
        return "";
    }
};

class ControllerApi : public ClusterTest {
  protected:
    explicit ControllerApi(MariaDbServer& database = shared_mariadb()) : ClusterTest(database) {
        add_node("node1", one.host(), true);
        add_node("node2", two.host());
        gateway = std::make_unique<Running>(*this, "gateway");
        live = std::make_unique<api::LiveView>(loop.get_executor(), clock, gateway->db,
                                               gateway->controller);
        client = std::make_unique<net::HttpClient>(loop.get_executor(), clock);
    }
    ~ControllerApi() override {
        if (server) run_task(loop, server->drain(Deadline::after(*clock, Seconds(5))));
        gateway->drain();
        server.reset();
        live.reset();
    }
    void serve(const std::string& token = "", std::vector<std::string> allow = {}) {
        auto context = std::make_shared<api::ControllerApiContext>(
            api::ControllerApiContext{"gateway", "0.1.0", clock, 1000, false, token,
                                      std::move(allow), gateway->db, gateway->controller, *live});
        context->http = client.get();
        context->nginx_status_socket = nginx_socket;
        context->log = log;
        context->api_rate_limit = rate_limit;
        server = std::make_unique<api::HttpServer>(loop.get_executor(), clock, api::ServerLimits{},
                                                   api::controller_endpoints(context));
        context->server = server.get();
        socket = (folder.path() / "controller.sock").string();
        server->listen("unix:" + socket);
    }
    bool settled() {
        return until([&] {
            return gateway->controller.view().leader &&
                   gateway->own_status("node1") == NodeStatus::online &&
                   gateway->own_status("node2") == NodeStatus::online &&
                   stored_status("node2") == "online";
        });
    }
    ControllerAnswer ask(const std::string& method, const std::string& path,
                         std::vector<std::pair<std::string, std::string>> headers = {},
                         const std::string& body = "") {
        net::HttpRequest request;
        request.method = method;
        request.url = "http://gateway" + path;
        request.headers = std::move(headers);
        request.body = body;
        request.unix_socket = socket;
        request.max_redirects = 0;
        const auto response =
            run_task(loop, client->send(request, Deadline::after(*clock, Seconds(40))));
        ControllerAnswer answer;
        if (!response) {
            ADD_FAILURE() << path << ": " << response.error().message;
            return answer;
        }
        answer.status = response->status;
        answer.text = response->body;
        answer.headers = response->headers;
        boost::system::error_code no_json;
        answer.body = json::parse(response->body, no_json);
        return answer;
    }
    ControllerAnswer get(const std::string& path,
                         std::vector<std::pair<std::string, std::string>> headers = {}) {
        return ask("GET", path, std::move(headers));
    }

    ControllerAnswer post(const std::string& path, const std::string& body = "") {
        return ask("POST", path, {{"Content-Type", "application/json"}}, body);
    }

    TempFolder folder;
    FakeNode one, two;
    std::string nginx_socket;
    std::shared_ptr<LogRing> log;
    int rate_limit = 100;
    std::unique_ptr<Running> gateway;
    std::unique_ptr<api::LiveView> live;
    std::unique_ptr<net::HttpClient> client;
    std::unique_ptr<api::HttpServer> server;
    std::string socket;
};

}  // namespace higuma::test
