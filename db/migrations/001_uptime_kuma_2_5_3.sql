-- The tables of Uptime Kuma 2.5.3 with the names, types, defaults, keys and constraints that it gives
-- them on MariaDB, so that its data and itself fit. A statement ends with a semicolon at a line's end.

CREATE TABLE IF NOT EXISTS `user` (
    `id` int(10) unsigned NOT NULL AUTO_INCREMENT,
    `username` varchar(255) CHARACTER SET utf8mb3 COLLATE utf8mb3_general_ci NOT NULL,
    `password` varchar(255) NULL DEFAULT NULL,
    `active` tinyint(1) NOT NULL DEFAULT 1,
    `timezone` varchar(150) NULL DEFAULT NULL,
    `twofa_secret` varchar(64) NULL DEFAULT NULL,
    `twofa_status` tinyint(1) NOT NULL DEFAULT 0,
    `twofa_last_token` varchar(6) NULL DEFAULT NULL,
    PRIMARY KEY (`id`),
    UNIQUE KEY `user_username_unique` (`username`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE IF NOT EXISTS `api_key` (
    `id` int(10) unsigned NOT NULL AUTO_INCREMENT,
    `key` varchar(255) NOT NULL,
    `name` varchar(255) NOT NULL,
    `user_id` int(10) unsigned NOT NULL,
    `created_date` datetime NOT NULL DEFAULT current_timestamp(),
    `active` tinyint(1) NOT NULL DEFAULT 1,
    `expires` datetime NULL DEFAULT NULL,
    PRIMARY KEY (`id`),
    KEY `api_key_user_id_foreign` (`user_id`),
    CONSTRAINT `api_key_user_id_foreign` FOREIGN KEY (`user_id`) REFERENCES `user` (`id`) ON DELETE CASCADE ON UPDATE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE IF NOT EXISTS `docker_host` (
    `id` int(10) unsigned NOT NULL AUTO_INCREMENT,
    `user_id` int(10) unsigned NOT NULL,
    `docker_daemon` varchar(255) NULL DEFAULT NULL,
    `docker_type` varchar(255) NULL DEFAULT NULL,
    `name` varchar(255) NULL DEFAULT NULL,
    PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE IF NOT EXISTS `domain_expiry` (
    `id` int(10) unsigned NOT NULL AUTO_INCREMENT,
    `last_check` datetime NULL DEFAULT NULL,
    `domain` varchar(255) NOT NULL,
    `expiry` datetime NULL DEFAULT NULL,
    `last_expiry_notification_sent` int(11) NULL DEFAULT NULL,
    PRIMARY KEY (`id`),
    UNIQUE KEY `domain_expiry_domain_unique` (`domain`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE IF NOT EXISTS `group` (
    `id` int(10) unsigned NOT NULL AUTO_INCREMENT,
    `name` varchar(255) NOT NULL,
    `created_date` datetime NOT NULL DEFAULT current_timestamp(),
    `public` tinyint(1) NOT NULL DEFAULT 0,
    `active` tinyint(1) NOT NULL DEFAULT 1,
    `weight` int(11) NOT NULL DEFAULT 1000,
    `status_page_id` int(10) unsigned NULL DEFAULT NULL,
    PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE IF NOT EXISTS `proxy` (
    `id` int(10) unsigned NOT NULL AUTO_INCREMENT,
    `user_id` int(10) unsigned NOT NULL,
    `protocol` varchar(10) NOT NULL,
    `host` varchar(255) NOT NULL,
    `port` int(11) NULL DEFAULT NULL,
    `auth` tinyint(1) NOT NULL,
    `username` varchar(255) NULL DEFAULT NULL,
    `password` varchar(255) NULL DEFAULT NULL,
    `active` tinyint(1) NOT NULL DEFAULT 1,
    `default` tinyint(1) NOT NULL DEFAULT 0,
    `created_date` datetime NOT NULL DEFAULT current_timestamp(),
    PRIMARY KEY (`id`),
    KEY `proxy_user_id` (`user_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE IF NOT EXISTS `remote_browser` (
    `id` int(10) unsigned NOT NULL AUTO_INCREMENT,
    `name` varchar(255) NOT NULL,
    `url` varchar(255) NOT NULL,
    `user_id` int(10) unsigned NULL DEFAULT NULL,
    PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE IF NOT EXISTS `monitor` (
    `id` int(10) unsigned NOT NULL AUTO_INCREMENT,
    `name` varchar(150) NULL DEFAULT NULL,
    `active` tinyint(1) NOT NULL DEFAULT 1,
    `user_id` int(10) unsigned NULL DEFAULT NULL,
    `interval` int(11) NOT NULL DEFAULT 20,
    `url` text NULL DEFAULT NULL,
    `type` varchar(20) NULL DEFAULT NULL,
    `weight` int(11) NULL DEFAULT 2000,
    `hostname` varchar(255) NULL DEFAULT NULL,
    `port` int(11) NULL DEFAULT NULL,
    `created_date` datetime NOT NULL DEFAULT current_timestamp(),
    `keyword` varchar(255) NULL DEFAULT NULL,
    `maxretries` int(11) NOT NULL DEFAULT 0,
    `ignore_tls` tinyint(1) NOT NULL DEFAULT 0,
    `upside_down` tinyint(1) NOT NULL DEFAULT 0,
    `maxredirects` int(11) NOT NULL DEFAULT 10,
    `accepted_statuscodes_json` text NOT NULL DEFAULT '["200-299"]',
    `dns_resolve_type` varchar(5) NULL DEFAULT NULL,
    `dns_resolve_server` varchar(255) NULL DEFAULT NULL,
    `dns_last_result` text NULL DEFAULT NULL,
    `retry_interval` int(11) NOT NULL DEFAULT 0,
    `push_token` varchar(32) NULL DEFAULT NULL,
    `method` text NOT NULL DEFAULT 'GET',
    `body` text NULL DEFAULT NULL,
    `headers` text NULL DEFAULT NULL,
    `basic_auth_user` text NULL DEFAULT NULL,
    `basic_auth_pass` text NULL DEFAULT NULL,
    `docker_host` int(10) unsigned NULL DEFAULT NULL,
    `docker_container` varchar(255) NULL DEFAULT NULL,
    `proxy_id` int(10) unsigned NULL DEFAULT NULL,
    `expiry_notification` tinyint(1) NULL DEFAULT 1,
    `mqtt_topic` text NULL DEFAULT NULL,
    `mqtt_success_message` varchar(255) NULL DEFAULT NULL,
    `mqtt_username` varchar(255) NULL DEFAULT NULL,
    `mqtt_password` varchar(255) NULL DEFAULT NULL,
    `database_connection_string` varchar(2000) NULL DEFAULT NULL,
    `database_query` text NULL DEFAULT NULL,
    `auth_method` varchar(250) NULL DEFAULT NULL,
    `auth_domain` text NULL DEFAULT NULL,
    `auth_workstation` text NULL DEFAULT NULL,
    `grpc_url` varchar(255) NULL DEFAULT NULL,
    `grpc_protobuf` text NULL DEFAULT NULL,
    `grpc_body` text NULL DEFAULT NULL,
    `grpc_metadata` text NULL DEFAULT NULL,
    `grpc_method` text NULL DEFAULT NULL,
    `grpc_service_name` text NULL DEFAULT NULL,
    `grpc_enable_tls` tinyint(1) NOT NULL DEFAULT 0,
    `radius_username` varchar(255) NULL DEFAULT NULL,
    `radius_password` varchar(255) NULL DEFAULT NULL,
    `radius_calling_station_id` varchar(50) NULL DEFAULT NULL,
    `radius_called_station_id` varchar(50) NULL DEFAULT NULL,
    `radius_secret` varchar(255) NULL DEFAULT NULL,
    `resend_interval` int(11) NOT NULL DEFAULT 0,
    `packet_size` int(11) NOT NULL DEFAULT 56,
    `game` varchar(255) NULL DEFAULT NULL,
    `http_body_encoding` varchar(25) NULL DEFAULT NULL,
    `description` text NULL DEFAULT NULL,
    `tls_ca` text NULL DEFAULT NULL,
    `tls_cert` text NULL DEFAULT NULL,
    `tls_key` text NULL DEFAULT NULL,
    `parent` int(10) unsigned NULL DEFAULT NULL,
    `invert_keyword` tinyint(1) NOT NULL DEFAULT 0,
    `json_path` text NULL DEFAULT NULL,
    `expected_value` varchar(255) NULL DEFAULT NULL,
    `kafka_producer_topic` varchar(255) NULL DEFAULT NULL,
    `kafka_producer_brokers` text NULL DEFAULT NULL,
    `kafka_producer_ssl` tinyint(1) NOT NULL DEFAULT 0,
    `kafka_producer_allow_auto_topic_creation` tinyint(1) NOT NULL DEFAULT 0,
    `kafka_producer_sasl_options` text NULL DEFAULT NULL,
    `kafka_producer_message` text NULL DEFAULT NULL,
    `oauth_client_id` text NULL DEFAULT NULL,
    `oauth_client_secret` text NULL DEFAULT NULL,
    `oauth_token_url` text NULL DEFAULT NULL,
    `oauth_scopes` text NULL DEFAULT NULL,
    `oauth_auth_method` text NULL DEFAULT NULL,
    `timeout` double NOT NULL DEFAULT 0,
    `gamedig_given_port_only` tinyint(1) NOT NULL DEFAULT 1,
    `mqtt_check_type` varchar(255) NOT NULL DEFAULT 'keyword',
    `remote_browser` int(10) unsigned NULL DEFAULT NULL,
    `snmp_oid` varchar(255) NULL DEFAULT NULL,
    `snmp_version` enum('1','2c','3') NULL DEFAULT '2c',
    `json_path_operator` varchar(255) NULL DEFAULT NULL,
    `cache_bust` tinyint(1) NOT NULL DEFAULT 0,
    `conditions` text NOT NULL DEFAULT '[]',
    `rabbitmq_nodes` text NULL DEFAULT NULL,
    `rabbitmq_username` varchar(255) NULL DEFAULT NULL,
    `rabbitmq_password` varchar(255) NULL DEFAULT NULL,
    `smtp_security` varchar(255) NULL DEFAULT NULL,
    `ws_ignore_sec_websocket_accept_header` tinyint(1) NOT NULL DEFAULT 0,
    `ws_subprotocol` varchar(255) NOT NULL DEFAULT '',
    `ping_count` int(11) NOT NULL DEFAULT 1,
    `ping_numeric` tinyint(1) NOT NULL DEFAULT 1,
    `ping_per_request_timeout` int(11) NOT NULL DEFAULT 2,
    `ip_family` varchar(4) NULL DEFAULT NULL,
    `manual_status` smallint(6) NULL DEFAULT NULL,
    `oauth_audience` varchar(255) NULL DEFAULT NULL,
    `mqtt_websocket_path` varchar(255) NULL DEFAULT NULL,
    `domain_expiry_notification` tinyint(1) NULL DEFAULT 0,
    `save_response` tinyint(1) NOT NULL DEFAULT 0,
    `save_error_response` tinyint(1) NOT NULL DEFAULT 1,
    `response_max_length` int(11) NOT NULL DEFAULT 1024,
    `system_service_name` varchar(255) NULL DEFAULT NULL,
    `subtype` varchar(10) NULL DEFAULT NULL,
    `location` varchar(255) NULL DEFAULT NULL,
    `protocol` varchar(20) NULL DEFAULT NULL,
    `snmp_v3_username` varchar(255) NULL DEFAULT NULL,
    `expected_tls_alert` varchar(50) NULL DEFAULT NULL,
    `retry_only_on_status_code_failure` tinyint(1) NOT NULL DEFAULT 0,
    `screenshot_delay` int(10) unsigned NOT NULL DEFAULT 0,
    `ntp_stratum_threshold` int(11) NULL DEFAULT 5,
    `ntp_time_offset_threshold` int(11) NULL DEFAULT 1000,
    `ntp_root_dispersion_threshold` int(11) NULL DEFAULT 500,
    `bearer_token` text NULL DEFAULT NULL,
    `gamedig_token` text NULL DEFAULT NULL,
    PRIMARY KEY (`id`),
    KEY `monitor_user_id_foreign` (`user_id`),
    KEY `monitor_docker_host_foreign` (`docker_host`),
    KEY `monitor_proxy_id_foreign` (`proxy_id`),
    KEY `monitor_parent_foreign` (`parent`),
    KEY `monitor_remote_browser_index` (`remote_browser`),
    CONSTRAINT `monitor_docker_host_foreign` FOREIGN KEY (`docker_host`) REFERENCES `docker_host` (`id`),
    CONSTRAINT `monitor_parent_foreign` FOREIGN KEY (`parent`) REFERENCES `monitor` (`id`) ON DELETE SET NULL ON UPDATE CASCADE,
    CONSTRAINT `monitor_proxy_id_foreign` FOREIGN KEY (`proxy_id`) REFERENCES `proxy` (`id`),
    CONSTRAINT `monitor_remote_browser_foreign` FOREIGN KEY (`remote_browser`) REFERENCES `remote_browser` (`id`),
    CONSTRAINT `monitor_user_id_foreign` FOREIGN KEY (`user_id`) REFERENCES `user` (`id`) ON DELETE SET NULL ON UPDATE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE IF NOT EXISTS `heartbeat` (
    `id` int(10) unsigned NOT NULL AUTO_INCREMENT,
    `important` tinyint(1) NOT NULL DEFAULT 0,
    `monitor_id` int(10) unsigned NOT NULL,
    `status` smallint(6) NOT NULL,
    `msg` text NULL DEFAULT NULL,
    `time` datetime NOT NULL,
    `ping` bigint(20) NULL DEFAULT NULL,
    `duration` int(11) NOT NULL DEFAULT 0,
    `down_count` int(11) NOT NULL DEFAULT 0,
    `end_time` datetime NULL DEFAULT NULL,
    `retries` int(11) NOT NULL DEFAULT 0,
    `response` text NULL DEFAULT NULL,
    PRIMARY KEY (`id`),
    KEY `heartbeat_important_index` (`important`),
    KEY `monitor_time_index` (`monitor_id`, `time`),
    KEY `heartbeat_monitor_id_index` (`monitor_id`),
    KEY `monitor_important_time_index` (`monitor_id`, `important`, `time`),
    CONSTRAINT `heartbeat_monitor_id_foreign` FOREIGN KEY (`monitor_id`) REFERENCES `monitor` (`id`) ON DELETE CASCADE ON UPDATE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE IF NOT EXISTS `incident` (
    `id` int(10) unsigned NOT NULL AUTO_INCREMENT,
    `title` varchar(255) NOT NULL,
    `content` text NOT NULL,
    `style` varchar(30) NOT NULL DEFAULT 'warning',
    `created_date` datetime NOT NULL DEFAULT current_timestamp(),
    `last_updated_date` datetime NULL DEFAULT NULL,
    `pin` tinyint(1) NOT NULL DEFAULT 1,
    `active` tinyint(1) NOT NULL DEFAULT 1,
    `status_page_id` int(10) unsigned NULL DEFAULT NULL,
    PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE IF NOT EXISTS `knex_migrations` (
    `id` int(10) unsigned NOT NULL AUTO_INCREMENT,
    `name` varchar(255) NULL DEFAULT NULL,
    `batch` int(11) NULL DEFAULT NULL,
    `migration_time` timestamp NULL DEFAULT NULL,
    PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE IF NOT EXISTS `knex_migrations_lock` (
    `index` int(10) unsigned NOT NULL AUTO_INCREMENT,
    `is_locked` int(11) NULL DEFAULT NULL,
    PRIMARY KEY (`index`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE IF NOT EXISTS `maintenance` (
    `id` int(10) unsigned NOT NULL AUTO_INCREMENT,
    `title` varchar(150) NOT NULL,
    `description` text NOT NULL,
    `user_id` int(10) unsigned NULL DEFAULT NULL,
    `active` tinyint(1) NOT NULL DEFAULT 1,
    `strategy` varchar(50) NOT NULL DEFAULT 'single',
    `start_date` datetime NULL DEFAULT NULL,
    `end_date` datetime NULL DEFAULT NULL,
    `start_time` time NULL DEFAULT NULL,
    `end_time` time NULL DEFAULT NULL,
    `weekdays` varchar(250) NULL DEFAULT '[]',
    `days_of_month` text NULL DEFAULT '[]',
    `interval_day` int(11) NULL DEFAULT NULL,
    `cron` text NULL DEFAULT NULL,
    `timezone` varchar(255) NULL DEFAULT NULL,
    `duration` int(11) NULL DEFAULT NULL,
    `last_start_date` datetime NULL DEFAULT NULL,
    PRIMARY KEY (`id`),
    KEY `maintenance_active_index` (`active`),
    KEY `manual_active` (`strategy`, `active`),
    KEY `maintenance_user_id` (`user_id`),
    CONSTRAINT `maintenance_user_id_foreign` FOREIGN KEY (`user_id`) REFERENCES `user` (`id`) ON DELETE SET NULL ON UPDATE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE IF NOT EXISTS `status_page` (
    `id` int(10) unsigned NOT NULL AUTO_INCREMENT,
    `slug` varchar(255) CHARACTER SET utf8mb3 COLLATE utf8mb3_general_ci NOT NULL,
    `title` varchar(255) NOT NULL,
    `description` text NULL DEFAULT NULL,
    `icon` varchar(255) NOT NULL,
    `theme` varchar(30) NOT NULL,
    `published` tinyint(1) NOT NULL DEFAULT 1,
    `search_engine_index` tinyint(1) NOT NULL DEFAULT 1,
    `show_tags` tinyint(1) NOT NULL DEFAULT 0,
    `password` varchar(255) NULL DEFAULT NULL,
    `created_date` datetime NOT NULL DEFAULT current_timestamp(),
    `modified_date` datetime NOT NULL DEFAULT current_timestamp(),
    `footer_text` text NULL DEFAULT NULL,
    `custom_css` text NULL DEFAULT NULL,
    `show_powered_by` tinyint(1) NOT NULL DEFAULT 1,
    `analytics_id` varchar(255) NULL DEFAULT NULL,
    `show_certificate_expiry` tinyint(1) NOT NULL DEFAULT 0,
    `auto_refresh_interval` int(10) unsigned NULL DEFAULT 300,
    `analytics_script_url` varchar(255) NULL DEFAULT NULL,
    `analytics_type` varchar(255) NULL DEFAULT NULL,
    `show_only_last_heartbeat` tinyint(1) NOT NULL DEFAULT 0,
    `rss_title` varchar(255) NULL DEFAULT NULL,
    PRIMARY KEY (`id`),
    UNIQUE KEY `status_page_slug_unique` (`slug`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE IF NOT EXISTS `maintenance_status_page` (
    `id` int(10) unsigned NOT NULL AUTO_INCREMENT,
    `status_page_id` int(10) unsigned NOT NULL,
    `maintenance_id` int(10) unsigned NOT NULL,
    PRIMARY KEY (`id`),
    KEY `maintenance_status_page_maintenance_id_foreign` (`maintenance_id`),
    KEY `maintenance_status_page_status_page_id_foreign` (`status_page_id`),
    CONSTRAINT `maintenance_status_page_maintenance_id_foreign` FOREIGN KEY (`maintenance_id`) REFERENCES `maintenance` (`id`) ON DELETE CASCADE ON UPDATE CASCADE,
    CONSTRAINT `maintenance_status_page_status_page_id_foreign` FOREIGN KEY (`status_page_id`) REFERENCES `status_page` (`id`) ON DELETE CASCADE ON UPDATE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE IF NOT EXISTS `monitor_group` (
    `id` int(10) unsigned NOT NULL AUTO_INCREMENT,
    `monitor_id` int(10) unsigned NOT NULL,
    `group_id` int(10) unsigned NOT NULL,
    `weight` int(11) NOT NULL DEFAULT 1000,
    `send_url` tinyint(1) NOT NULL DEFAULT 0,
    `custom_url` text NULL DEFAULT NULL,
    PRIMARY KEY (`id`),
    KEY `monitor_group_group_id_foreign` (`group_id`),
    KEY `fk` (`monitor_id`, `group_id`),
    CONSTRAINT `monitor_group_group_id_foreign` FOREIGN KEY (`group_id`) REFERENCES `group` (`id`) ON DELETE CASCADE ON UPDATE CASCADE,
    CONSTRAINT `monitor_group_monitor_id_foreign` FOREIGN KEY (`monitor_id`) REFERENCES `monitor` (`id`) ON DELETE CASCADE ON UPDATE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE IF NOT EXISTS `monitor_maintenance` (
    `id` int(10) unsigned NOT NULL AUTO_INCREMENT,
    `monitor_id` int(10) unsigned NOT NULL,
    `maintenance_id` int(10) unsigned NOT NULL,
    PRIMARY KEY (`id`),
    KEY `maintenance_id_index2` (`maintenance_id`),
    KEY `monitor_id_index` (`monitor_id`),
    CONSTRAINT `monitor_maintenance_maintenance_id_foreign` FOREIGN KEY (`maintenance_id`) REFERENCES `maintenance` (`id`) ON DELETE CASCADE ON UPDATE CASCADE,
    CONSTRAINT `monitor_maintenance_monitor_id_foreign` FOREIGN KEY (`monitor_id`) REFERENCES `monitor` (`id`) ON DELETE CASCADE ON UPDATE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE IF NOT EXISTS `notification` (
    `id` int(10) unsigned NOT NULL AUTO_INCREMENT,
    `name` varchar(255) NULL DEFAULT NULL,
    `active` tinyint(1) NOT NULL DEFAULT 1,
    `user_id` int(10) unsigned NULL DEFAULT NULL,
    `is_default` tinyint(1) NOT NULL DEFAULT 0,
    `config` longtext NULL DEFAULT NULL,
    PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE IF NOT EXISTS `monitor_notification` (
    `id` int(10) unsigned NOT NULL AUTO_INCREMENT,
    `monitor_id` int(10) unsigned NOT NULL,
    `notification_id` int(10) unsigned NOT NULL,
    PRIMARY KEY (`id`),
    KEY `monitor_notification_notification_id_foreign` (`notification_id`),
    KEY `monitor_notification_index` (`monitor_id`, `notification_id`),
    CONSTRAINT `monitor_notification_monitor_id_foreign` FOREIGN KEY (`monitor_id`) REFERENCES `monitor` (`id`) ON DELETE CASCADE ON UPDATE CASCADE,
    CONSTRAINT `monitor_notification_notification_id_foreign` FOREIGN KEY (`notification_id`) REFERENCES `notification` (`id`) ON DELETE CASCADE ON UPDATE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE IF NOT EXISTS `tag` (
    `id` int(10) unsigned NOT NULL AUTO_INCREMENT,
    `name` varchar(255) NOT NULL,
    `color` varchar(255) NOT NULL,
    `created_date` datetime NOT NULL DEFAULT current_timestamp(),
    PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE IF NOT EXISTS `monitor_tag` (
    `id` int(10) unsigned NOT NULL AUTO_INCREMENT,
    `monitor_id` int(10) unsigned NOT NULL,
    `tag_id` int(10) unsigned NOT NULL,
    `value` text NULL DEFAULT NULL,
    PRIMARY KEY (`id`),
    KEY `monitor_tag_monitor_id_foreign` (`monitor_id`),
    KEY `monitor_tag_tag_id_foreign` (`tag_id`),
    CONSTRAINT `monitor_tag_monitor_id_foreign` FOREIGN KEY (`monitor_id`) REFERENCES `monitor` (`id`) ON DELETE CASCADE ON UPDATE CASCADE,
    CONSTRAINT `monitor_tag_tag_id_foreign` FOREIGN KEY (`tag_id`) REFERENCES `tag` (`id`) ON DELETE CASCADE ON UPDATE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE IF NOT EXISTS `monitor_tls_info` (
    `id` int(10) unsigned NOT NULL AUTO_INCREMENT,
    `monitor_id` int(10) unsigned NOT NULL,
    `info_json` longtext NULL DEFAULT NULL,
    PRIMARY KEY (`id`),
    KEY `monitor_tls_info_monitor_id_foreign` (`monitor_id`),
    CONSTRAINT `monitor_tls_info_monitor_id_foreign` FOREIGN KEY (`monitor_id`) REFERENCES `monitor` (`id`) ON DELETE CASCADE ON UPDATE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE IF NOT EXISTS `notification_sent_history` (
    `id` int(10) unsigned NOT NULL AUTO_INCREMENT,
    `type` varchar(50) NOT NULL,
    `monitor_id` int(10) unsigned NOT NULL,
    `days` int(11) NOT NULL,
    PRIMARY KEY (`id`),
    UNIQUE KEY `notification_sent_history_type_monitor_id_days_unique` (`type`, `monitor_id`, `days`),
    KEY `good_index` (`type`, `monitor_id`, `days`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE IF NOT EXISTS `setting` (
    `id` int(10) unsigned NOT NULL AUTO_INCREMENT,
    `key` varchar(200) CHARACTER SET utf8mb3 COLLATE utf8mb3_general_ci NOT NULL,
    `value` text NULL DEFAULT NULL,
    `type` varchar(20) NULL DEFAULT NULL,
    PRIMARY KEY (`id`),
    UNIQUE KEY `setting_key_unique` (`key`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE IF NOT EXISTS `stat_daily` (
    `id` int(10) unsigned NOT NULL AUTO_INCREMENT,
    `monitor_id` int(10) unsigned NOT NULL,
    `timestamp` int(11) NOT NULL,
    `ping` float(20,2) NOT NULL,
    `up` int(10) unsigned NOT NULL,
    `down` int(10) unsigned NOT NULL,
    `ping_min` float(20,2) NOT NULL DEFAULT 0.00,
    `ping_max` float(20,2) NOT NULL DEFAULT 0.00,
    `extras` text NULL DEFAULT NULL,
    PRIMARY KEY (`id`),
    UNIQUE KEY `stat_daily_monitor_id_timestamp_unique` (`monitor_id`, `timestamp`),
    CONSTRAINT `stat_daily_monitor_id_foreign` FOREIGN KEY (`monitor_id`) REFERENCES `monitor` (`id`) ON DELETE CASCADE ON UPDATE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE IF NOT EXISTS `stat_hourly` (
    `id` int(10) unsigned NOT NULL AUTO_INCREMENT,
    `monitor_id` int(10) unsigned NOT NULL,
    `timestamp` int(11) NOT NULL,
    `ping` float(20,2) NOT NULL,
    `ping_min` float(20,2) NOT NULL DEFAULT 0.00,
    `ping_max` float(20,2) NOT NULL DEFAULT 0.00,
    `up` smallint(6) NOT NULL,
    `down` smallint(6) NOT NULL,
    `extras` text NULL DEFAULT NULL,
    PRIMARY KEY (`id`),
    UNIQUE KEY `stat_hourly_monitor_id_timestamp_unique` (`monitor_id`, `timestamp`),
    CONSTRAINT `stat_hourly_monitor_id_foreign` FOREIGN KEY (`monitor_id`) REFERENCES `monitor` (`id`) ON DELETE CASCADE ON UPDATE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE IF NOT EXISTS `stat_minutely` (
    `id` int(10) unsigned NOT NULL AUTO_INCREMENT,
    `monitor_id` int(10) unsigned NOT NULL,
    `timestamp` int(11) NOT NULL,
    `ping` float(20,2) NOT NULL,
    `up` smallint(6) NOT NULL,
    `down` smallint(6) NOT NULL,
    `ping_min` float(20,2) NOT NULL DEFAULT 0.00,
    `ping_max` float(20,2) NOT NULL DEFAULT 0.00,
    `extras` text NULL DEFAULT NULL,
    PRIMARY KEY (`id`),
    UNIQUE KEY `stat_minutely_monitor_id_timestamp_unique` (`monitor_id`, `timestamp`),
    CONSTRAINT `stat_minutely_monitor_id_foreign` FOREIGN KEY (`monitor_id`) REFERENCES `monitor` (`id`) ON DELETE CASCADE ON UPDATE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE IF NOT EXISTS `status_page_cname` (
    `id` int(10) unsigned NOT NULL AUTO_INCREMENT,
    `status_page_id` int(10) unsigned NULL DEFAULT NULL,
    `domain` varchar(255) CHARACTER SET utf8mb3 COLLATE utf8mb3_general_ci NOT NULL,
    PRIMARY KEY (`id`),
    UNIQUE KEY `status_page_cname_domain_unique` (`domain`),
    KEY `status_page_cname_status_page_id_foreign` (`status_page_id`),
    CONSTRAINT `status_page_cname_status_page_id_foreign` FOREIGN KEY (`status_page_id`) REFERENCES `status_page` (`id`) ON DELETE CASCADE ON UPDATE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

-- What tells a stock Uptime Kuma that its own migrations have run. An adopted database has its own rows.
INSERT INTO `knex_migrations` (`id`, `name`, `batch`, `migration_time`)
WITH `done` (`id`, `name`) AS (VALUES
    (1, '2023-08-16-0000-create-uptime.js'),
    (2, '2023-08-18-0301-heartbeat.js'),
    (3, '2023-09-29-0000-heartbeat-retires.js'),
    (4, '2023-10-08-0000-mqtt-query.js'),
    (5, '2023-10-11-1915-push-token-to-32.js'),
    (6, '2023-10-16-0000-create-remote-browsers.js'),
    (7, '2023-12-20-0000-alter-status-page.js'),
    (8, '2023-12-21-0000-stat-ping-min-max.js'),
    (9, '2023-12-22-0000-hourly-uptime.js'),
    (10, '2024-01-22-0000-stats-extras.js'),
    (11, '2024-04-26-0000-snmp-monitor.js'),
    (12, '2024-08-24-000-add-cache-bust.js'),
    (13, '2024-08-24-0000-conditions.js'),
    (14, '2024-10-1315-rabbitmq-monitor.js'),
    (15, '2024-10-31-0000-fix-snmp-monitor.js'),
    (16, '2024-11-27-1927-fix-info-json-data-type.js'),
    (17, '2025-01-01-0000-add-smtp.js'),
    (18, '2025-02-15-2312-add-wstest.js'),
    (19, '2025-02-17-2142-generalize-analytics.js'),
    (20, '2025-03-04-0000-ping-advanced-options.js'),
    (21, '2025-03-25-0127-fix-5721.js'),
    (22, '2025-05-09-0000-add-custom-url.js'),
    (23, '2025-06-03-0000-add-ip-family.js'),
    (24, '2025-06-11-0000-add-manual-monitor.js'),
    (25, '2025-06-13-0000-maintenance-add-last-start.js'),
    (26, '2025-06-15-0001-manual-monitor-fix.js'),
    (27, '2025-06-24-0000-add-audience-to-oauth.js'),
    (28, '2025-07-17-0000-mqtt-websocket-path.js'),
    (29, '2025-09-02-0000-add-domain-expiry.js'),
    (30, '2025-10-14-0000-add-ip-family-fix.js'),
    (31, '2025-10-15-0000-stat-table-fix.js'),
    (32, '2025-10-15-0001-add-monitor-response-config.js'),
    (33, '2025-10-15-0002-add-response-to-heartbeat.js'),
    (34, '2025-10-24-0000-show-only-last-heartbeat.js'),
    (35, '2025-12-09-0000-add-system-service-monitor.js'),
    (36, '2025-12-17-0000-add-globalping-monitor.js'),
    (37, '2025-12-22-0121-optimize-important-indexes.js'),
    (38, '2025-12-29-0000-remove-line-notify.js'),
    (39, '2025-12-31-2143-add-snmp-v3-username.js'),
    (40, '2026-01-02-0551-dns-last-result-to-text.js'),
    (41, '2026-01-02-0713-gamedig-v4-to-v5.js'),
    (42, '2026-01-05-0000-add-rss-title.js'),
    (43, '2026-01-05-0000-add-tls-monitor.js'),
    (44, '2026-01-06-0000-fix-domain-expiry-column-type.js'),
    (45, '2026-01-10-0000-convert-float-precision.js'),
    (46, '2026-01-15-0000-add-json-query-retry-only-status-code.js'),
    (47, '2026-01-16-0000-add-screenshot-delay.js'),
    (48, '2026-02-07-0000-disable-domain-expiry-unsupported-tlds.js'),
    (49, '2026-03-27-0000-add-ntp-monitor.js'),
    (50, '2026-05-20-0000-add-bearer-token.js'),
    (51, '2026-05-25-0000-add-gamedig-token.js'),
    (52, '2026-06-19-1411-add-rybbit-analytics-type.js'),
    (53, '2026-06-19-1412-analytics-type-to-string.js'),
    (54, '2026-07-22-0000-fix-stat-daily-overflow.js'),
    (55, '2026-08-18-0000-sqlite-only-drop-analytics-type-check.js'))
SELECT `id`, `name`, 1, CURRENT_TIMESTAMP FROM `done`
WHERE NOT EXISTS (SELECT 1 FROM `knex_migrations`);

INSERT INTO `knex_migrations_lock` (`index`, `is_locked`)
SELECT 1, 0 FROM DUAL WHERE NOT EXISTS (SELECT 1 FROM `knex_migrations_lock`);

INSERT IGNORE INTO `setting` (`key`, `value`, `type`)
VALUES ('migrateAggregateTableState', '"migrated"', NULL);
