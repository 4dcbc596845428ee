#include "protocol/rpc.h"

#include "protocol/json_text.h"

#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdlib>
#include <utility>

namespace awaitls::protocol {

namespace {

using Json = nlohmann::json;

/// The error of a received response. Peers get it wrong in many ways; what is readable is kept.
ResponseError read_error(const Json& value) {
    ResponseError error(ErrorCode::UnknownErrorCode, "the peer failed the request");
    if (!value.is_object()) {
        return error;
    }
    const Reader reader(value, "error");
    if (const Reader code = reader.field("code"); code.is_integer()) {
        error.code = code.integer();
    }
    if (const Reader message = reader.field("message"); message.is_string()) {
        error.message = message.string();
    }
    error.data = reader.field("data").raw();
    return error;
}

void mark_invalid(Message& message, std::string why) {
    message.kind = MessageKind::Invalid;
    message.error = ResponseError(ErrorCode::InvalidRequest, std::move(why));
}

/// Requires: the document is an object.
void classify(Message& message, const std::string& fractional_id) {
    const Json& object = *message.document;
    const Json::const_iterator version = object.find("jsonrpc");
    const Json::const_iterator method = object.find("method");
    const Json::const_iterator id = object.find("id");
    const bool has_result = object.contains("result");
    const bool has_error = object.contains("error");
    const bool is_response = method == object.end() && (has_result || has_error);

    if (id != object.end() && !id->is_null()) {
        if (!id->is_string() && !id->is_number()) {
            mark_invalid(message, "id: expected a number or a string");
            message.answerable = !is_response;
            return;
        }
        message.id = fractional_id.empty() || id->is_string() || id->is_number_integer()
                         ? Id::read(Reader(*id, "id"))
                         : Id::fractional(fractional_id);
    }
    if (version == object.end() || *version != "2.0") {
        mark_invalid(message, R"(jsonrpc: expected "2.0")");
        message.answerable = !is_response && (id != object.end() || method == object.end());
        return;
    }
    if (is_response) {
        if (has_result && has_error) {
            // Some peers send a null error beside the result.
            if (!object["error"].is_null()) {
                message.error = read_error(object["error"]);
            }
        } else if (has_error) {
            message.error = read_error(object["error"]);
        }
        message.kind = MessageKind::Response;
        return;
    }
    if (method == object.end() || !method->is_string()) {
        mark_invalid(message, "method: expected a string");
        return;
    }
    message.method = method->get_ref<const std::string&>();
    const Json::const_iterator params = object.find("params");
    if (params != object.end() && !params->is_structured() && !params->is_null()) {
        mark_invalid(message, "params: expected an object or an array");
        message.answerable = id != object.end();
        return;
    }
    if (id == object.end()) {
        message.kind = MessageKind::Notification;
    } else if (id->is_null()) {
        mark_invalid(message, "id: a request needs a number or a string, got null");
    } else {
        message.kind = MessageKind::Request;
    }
}

void begin_message(JsonWriter& writer) {
    writer.begin_object();
    writer.key("jsonrpc");
    writer.string("2.0");
}

} // namespace

Id Id::integer(std::int64_t value) {
    return Id(std::to_string(value), {});
}

Id Id::string(std::string_view value) {
    std::string text;
    append_json_string(text, value);
    return Id(std::move(text), {});
}

Id Id::fractional(std::string text) {
    // Equal numbers must get equal keys, and a whole one the key of the integer.
    constexpr double kExactIntegers = 9007199254740992.0;
    const double value = std::strtod(text.c_str(), nullptr);
    std::string key;
    if (value == std::floor(value) && std::fabs(value) <= kExactIntegers) {
        key = std::to_string(static_cast<std::int64_t>(value));
    } else {
        key = Json(value).dump();
    }
    return Id(std::move(text), std::move(key));
}

Id Id::read(const Reader& value) {
    if (value.is_string()) {
        return string(value.string());
    }
    if (value.is_integer()) {
        return integer(value.integer());
    }
    const RawJson raw = value.raw();
    const bool is_number =
        raw.present() && (raw.text[0] == '-' || (raw.text[0] >= '0' && raw.text[0] <= '9'));
    if (!is_number) {
        value.fail("a number or a string");
    }
    if (raw.text.find_first_not_of("0123456789") == std::string::npos) {
        return Id(raw.text, {}); // beyond int64
    }
    return fractional(raw.text);
}

Reader Message::params() const {
    if (!document || !document->is_object()) {
        return Reader::nothing("params");
    }
    const Json::const_iterator params = document->find("params");
    return params == document->end() ? Reader::nothing("params") : Reader(*params, "params");
}

Reader Message::result() const {
    if (!document || !document->is_object()) {
        return Reader::nothing("result");
    }
    const Json::const_iterator result = document->find("result");
    return result == document->end() ? Reader::nothing("result") : Reader(*result, "result");
}

Message parse_message(std::string_view body) {
    Message message;
    ParsedJson parsed = parse_json(body);
    message.repaired = parsed.repaired;
    if (!parsed.value) {
        message.error = ResponseError(ErrorCode::ParseError, std::move(parsed.error));
        return message;
    }
    message.document = std::move(parsed.value);
    if (message.document->is_array()) {
        mark_invalid(message, "batches are not part of the Language Server Protocol");
    } else if (!message.document->is_object()) {
        mark_invalid(message, "expected an object");
    } else {
        classify(message, parsed.fractional_id);
    }
    return message;
}

std::string notification_body(std::string_view method, const RawJson& params) {
    JsonWriter writer;
    writer.reserve(params.text.size() + method.size() + 48);
    begin_message(writer);
    writer.key("method");
    writer.string(method);
    if (params.present()) {
        writer.key("params");
        writer.raw(params.text);
    }
    writer.end_object();
    return writer.take();
}

std::string request_body(const Id& id, std::string_view method, const RawJson& params) {
    JsonWriter writer;
    begin_message(writer);
    writer.key("id");
    writer.raw(id.text());
    writer.key("method");
    writer.string(method);
    if (params.present()) {
        writer.key("params");
        writer.raw(params.text);
    }
    writer.end_object();
    return writer.take();
}

std::string response_body(const Id& id, const RawJson& result) {
    JsonWriter writer;
    writer.reserve(result.text.size() + id.text().size() + 40);
    begin_message(writer);
    writer.key("id");
    writer.raw(id.text());
    writer.key("result");
    writer.raw(result.present() ? std::string_view(result.text) : std::string_view("null"));
    writer.end_object();
    return writer.take();
}

std::string error_body(const Id& id, const ResponseError& error) {
    JsonWriter writer;
    begin_message(writer);
    writer.key("id");
    writer.raw(id.text());
    writer.key("error");
    writer.begin_object();
    writer.key("code");
    writer.integer(error.code);
    writer.key("message");
    writer.string(error.message);
    if (error.data.present()) {
        writer.key("data");
        writer.raw(error.data.text);
    }
    writer.end_object();
    writer.end_object();
    return writer.take();
}

} // namespace awaitls::protocol
