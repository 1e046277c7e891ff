// Asks one question of an answer, as Uptime Kuma's json-query monitors do, with its messages.
// Returns {ok, conclusive, message}: conclusive when the query was answered and the answer is no.
var jsonQuery;

(function () {
    'use strict';
    var MOST_COMPILED = 256;
    var compiled = {}, count = 0;

    function compile(text) {
        var key = '$' + text;
        if (!Object.prototype.hasOwnProperty.call(compiled, key)) {
            var made = global.jsonata(text);
            if (++count > MOST_COMPILED) {
                compiled = {};
                count = 1;
            }
            compiled[key] = made;
        }
        return compiled[key];
    }

    function evaluate(text, input) {
        var result, failure, done = false;
        compile(text).evaluate(input).then(function (value) {
            result = value;
            done = true;
        }, function (error) {
            failure = error;
            done = true;
        });
        runJobs();
        if (!done) throw new Error('the expression does not come to an end');
        if (failure) throw failure;
        return result;
    }

    function parsed(text) {
        if (typeof text !== 'string') return text;
        try {
            return JSON.parse(text);
        } catch (error) {
            return text;
        }
    }

    function requirePrimitive(value) {
        if (value === null || value === undefined) {
            throw new Error('Empty or undefined response. Check query syntax and response structure');
        }
        if (Array.isArray(value)) {
            var text = JSON.stringify(value);
            throw new Error('JSON query returned the array ' +
                (text.length > 25 ? text.substring(0, 25) + '...]' : text) +
                ', but a primitive value is required. Modify your query to return a single value via [0]' +
                ' to get the first element or use an aggregation like $count(), $sum() or $boolean().');
        }
        if (typeof value === 'object' || typeof value === 'function') {
            throw new Error('The post-JSON query evaluated response from the server is of type ' +
                typeof value + ', which cannot be directly compared to the expected value');
        }
    }

    function compare(value, operator, expected) {
        switch (operator) {
            case '==': return value === expected;
            case '!=': return value !== expected;
            case 'contains': return value.indexOf(expected) !== -1;
            case '>':
            case '>=':
            case '<':
            case '<=':
                return evaluate('$number($.value) ' + operator + ' $number($.expected)',
                                {value: value, expected: expected});
            default: throw new Error('Invalid condition ' + operator);
        }
    }

    jsonQuery = function (body, path, operator, expected) {
        // Twice: an answer that is a JSON text may hold JSON itself.
        var response = parsed(parsed(body)), verdict;
        try {
            if (path) response = evaluate(path, response);
            requirePrimitive(response);
            verdict = compare(String(response), operator, expected);
        } catch (error) {
            if (error instanceof RangeError) throw error;
            var shown = JSON.stringify(response);
            if (shown && shown.length > 50) shown = shown.substring(0, 100) + '\u2026 (truncated)';
            return {
                ok: false,
                conclusive: false,
                message: 'Error evaluating JSON query: ' + error.message +
                    '. Response from server was: ' + shown
            };
        }
        return {
            ok: verdict,
            conclusive: !verdict,
            message: 'JSON query ' + (verdict ? 'passes' : 'does not pass') + ' (comparing ' + response +
                ' ' + operator + ' ' + expected + ')'
        };
    };
})();
