module naru/interop

go 1.16

require (
	github.com/rabbitmq/amqp091-go v1.9.0
	go.uber.org/goleak v1.2.1
)
